import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formula, openReference } from '../../test/references/nn/reference.ts';
import { Adam, decayedRate, updateAverages } from './adam.ts';
import { Graph } from './graph.ts';
import { nativeForTests } from './ops/gradient-check.ts';
import { Parameters } from './parameters.ts';
import { Session } from './session.ts';

const native = nativeForTests();

for (const [name, spec] of [
  ['beta1-0', { beta1: 0, beta2: 0.99 }],
  ['beta1-half', { beta1: 0.5, beta2: 0.999 }],
] as const) {
  test(`adam, ${name} - five steps with a falling rate are those of PyTorch`, async () => {
    const reference = await openReference('adam');
    const graph = new Graph();
    const parameters = new Parameters(graph, 'adam', 1);
    const weight = parameters.trained('weight', [40], 0);
    const adam = new Adam(parameters, spec);
    graph.run('step', () => {
      adam.apply([graph.placeholder('gradient', [40])]);
      return {};
    });
    const session = new Session(native, graph);
    // TensorFlow's kernel knows beta2 as a float32 number only.
    const kernelFactor = (1 - Math.fround(spec.beta2)) / (1 - spec.beta2);
    const start = formula('adam/weight', [40]);
    session.restore(new Map([...session.state(), [weight.name, { shape: [40], data: start }]]));
    for (let step = 0; step < 5; step++) {
      const gradient = formula(`adam/gradient${step}`, [40]).map((value, i) => (i === 0 ? 0 : value * 10 ** -(i % 7)));
      session.run('step', { gradient, ...adam.feeds(step + 1, 0.05 * (1 - step / 10)) }, []);
      const state = session.state();
      reference.expect(`${name}/${step}/moment1`, state.get('adam/weight/moment1')!.data);
      const moment2 = state.get('adam/weight/moment2')!.data.map((value) => value / kernelFactor);
      reference.expect(`${name}/${step}/moment2`, moment2);
      const update = state.get('adam/weight')!.data.map((value, i) => value - start[i]!);
      reference.expect(`${name}/${step}/update`, update);
      assert.equal(update[0], 0, 'no gradient, no step');
    }
    session.close();
  });
}

test('averages - move towards the weights by the rate, the weights do not move', () => {
  const graph = new Graph();
  const parameters = new Parameters(graph, 'network', 1);
  for (const name of ['a', 'b']) parameters.trained(name, [3], 0);
  graph.run('average', () => {
    updateAverages(graph, parameters);
    return {};
  });
  const session = new Session(native, graph);
  const state = session.state();
  state.set('network/a', { shape: [3], data: Float32Array.of(1, 2, 4) });
  state.set('network/b/average', { shape: [3], data: Float32Array.of(8, 8, 8) });
  session.restore(state);
  session.run('average', { 'averaging/rate': Float32Array.of(0.25) }, []);
  session.run('average', { 'averaging/rate': Float32Array.of(0.5) }, []);
  const after = Object.fromEntries([...session.state()].map(([name, { data }]) => [name, [...data]]));
  session.close();
  assert.deepEqual(after, {
    'network/a': [1, 2, 4],
    'network/a/average': [0.625, 1.25, 2.5],
    'network/b': [0, 0, 0],
    'network/b/average': [3, 3, 3],
  });
});

test('decayed rate - is flat, then falls linearly towards 0', () => {
  const rates = (decayFrom: number) => [0, 1, 4, 5, 6, 9].map((step) => decayedRate(2, step, 10, decayFrom));
  assert.deepEqual(rates(1), [2, 2, 2, 2, 2, 2]);
  assert.deepEqual(
    rates(0.5).map((rate) => Math.round(rate * 1e9) / 1e9),
    [2, 2, 2, 2, 1.6, 0.4],
  );
  assert.deepEqual(
    rates(0).map((rate) => Math.round(rate * 1e9) / 1e9),
    [2, 1.8, 1.2, 1, 0.8, 0.2],
  );
});
