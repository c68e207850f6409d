import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from './graph.ts';
import { Parameters } from './parameters.ts';

const deviation = (values: Float32Array) => Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);

test('parameters - a weight is made at its first use, under the name of its network', () => {
  const graph = new Graph();
  const parameters = new Parameters(graph, 'generator', 1);
  const first = parameters.trained('stem/weight', [7, 7, 3, 4], 'HeNormal');
  assert.equal(parameters.trained('stem/weight', [7, 7, 3, 4], 'HeNormal'), first);
  assert.equal(parameters.buffer('stem/u', [1, 4], 'unit'), parameters.buffer('stem/u', [1, 4], 'unit'));
  assert.deepEqual([...graph.variables.keys()], ['generator/stem/weight', 'generator/stem/u']);
  assert.deepEqual(parameters.trainable, [first]);
  assert.equal(parameters.count, 7 * 7 * 3 * 4);
});

test('parameters - first values depend on the seed, the network and the name alone', () => {
  const values = (network: string, seed: number, names: readonly string[]) => {
    const parameters = new Parameters(new Graph(), network, seed);
    return names.map((name) => parameters.trained(name, [20], { deviation: 1 }).initial).at(-1);
  };
  const reference = values('generator', 1, ['a']);
  assert.deepEqual(values('generator', 1, ['c', 'b', 'a']), reference);
  assert.notDeepEqual(values('generator', 2, ['a']), reference);
  assert.notDeepEqual(values('discriminator', 1, ['a']), reference);
  assert.notDeepEqual(values('generator', 1, ['b']), reference);
});

test('parameters - initializers: a constant, a deviation, He for leaky ReLU of slope 0.2, a unit vector', () => {
  const parameters = new Parameters(new Graph(), 'network', 1);
  assert.deepEqual(parameters.trained('constant', [3], 0.5).initial, Float32Array.of(0.5, 0.5, 0.5));
  const normal = parameters.trained('normal', [4, 4, 30, 40], { deviation: 0.02 }).initial;
  assert.ok(Math.abs(deviation(normal) / 0.02 - 1) < 0.03);
  const he = parameters.trained('he', [3, 3, 32, 64], 'HeNormal').initial;
  assert.ok(Math.abs(deviation(he) / Math.sqrt(2 / (1.04 * 9 * 32)) - 1) < 0.03);
  const unit = parameters.buffer('unit', [1, 64], 'unit').initial;
  assert.ok(Math.abs(deviation(unit) * Math.sqrt(64) - 1) < 1e-6);
});

test('parameters - there is one average for each trained weight; it starts at the weight and is not trained', () => {
  const graph = new Graph();
  const parameters = new Parameters(graph, 'network', 1);
  const weight = parameters.trained('weight', [5], 'unit');
  parameters.buffer('buffer', [2], 0);
  const averages = parameters.averages();
  assert.deepEqual([...averages.keys()], ['network/weight']);
  assert.equal(averages.get('network/weight')!.name, 'network/weight/average');
  assert.deepEqual(averages.get('network/weight')!.initial, weight.initial);
  assert.equal(parameters.averages(), averages);
  assert.deepEqual([parameters.trainable.length, parameters.count], [1, 5]);
});
