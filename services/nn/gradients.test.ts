import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from './errors.ts';
import { gradients } from './gradients.ts';
import { Graph, type Tensor } from './graph.ts';
import { nativeForTests } from './ops/gradient-check.ts';
import { add, addN, mul, scale, square, stopGradient } from './ops/math.ts';
import { split } from './ops/shape.ts';
import { Session } from './session.ts';

const native = nativeForTests();

/** Values of what `build` makes of scalars. */
function evaluate(values: readonly number[], build: (...xs: Tensor[]) => Tensor[]): number[] {
  const graph = new Graph();
  graph.run('run', () => Object.fromEntries(build(...values.map((_, i) => graph.placeholder(`x${i}`, []))).entries()));
  const session = new Session(native, graph);
  const feeds = Object.fromEntries(values.map((value, i) => [`x${i}`, Float32Array.of(value)]));
  const names = [...graph.runs[0]!.fetches.keys()];
  const results = session.run('run', feeds, names);
  session.close();
  return names.map((name) => results[name]![0]!);
}

const one = (x: Tensor): Tensor => x.graph.scalar(1);

test('gradients - a value that is used several times collects all of its uses', () => {
  const [slope] = evaluate([3], (x) => gradients([addN([square(x!), mul(x!, square(x!)), x!])], [one(x!)], [x!]));
  assert.equal(slope, 2 * 3 + 3 * 9 + 1);
});

test('gradients - several results are weighed by their seeds', () => {
  const [slope] = evaluate([3], (x) => gradients([square(x!), x!], [scale(one(x!), 10), scale(one(x!), 0.5)], [x!]));
  assert.equal(slope, 10 * 6 + 0.5);
});

test('gradients - a result that is asked for itself has its seed as gradient', () => {
  assert.deepEqual(
    evaluate([3], (x) => gradients([x!], [scale(one(x!), 7)], [x!])),
    [7],
  );
});

test('gradients - an x counts the paths that lead through another x', () => {
  const slopes = evaluate([2, 5], (x, w) => {
    const hidden = mul(x!, w!);
    return gradients([add(square(hidden), x!)], [one(x!)], [hidden, x!, w!]);
  });
  assert.deepEqual(slopes, [2 * 10, 2 * 10 * 5 + 1, 2 * 10 * 2]);
});

test('gradients - can be differentiated again, as often as wanted', () => {
  const slopes = evaluate([2], (x) => {
    const derive = (y: Tensor) => gradients([y], [one(y)], [x!])[0]!;
    const first = derive(mul(square(x!), square(x!)));
    const second = derive(first);
    return [first, second, derive(second)];
  });
  assert.deepEqual(slopes, [4 * 8, 12 * 4, 24 * 2]);
});

test('gradients - nothing flows through stopGradient', () => {
  const [slope] = evaluate([3], (x) => gradients([mul(x!, stopGradient(square(x!)))], [one(x!)], [x!]));
  assert.equal(slope, 9);
});

test('gradients - an x that nothing depends on is an error, also behind stopGradient or beside the used part of a split', () => {
  const graph = new Graph();
  graph.run('run', () => {
    const x = graph.placeholder('x', [2]);
    const y = graph.placeholder('y', [2]);
    const [top, bottom] = split(x, 2);
    assert.throws(() => gradients([square(x)], [x], [y]), GraphError);
    assert.throws(() => gradients([square(stopGradient(x))], [x], [x]), GraphError);
    assert.throws(() => gradients([square(top!)], [top!], [bottom!]), GraphError);
    return {};
  });
});

test('gradients - a weight read before it changes is not the weight read afterwards', () => {
  const graph = new Graph();
  const weight = graph.variable('weight', [1], Float32Array.of(3));
  graph.run('run', () => {
    const before = graph.read(weight);
    graph.assign(weight, square(before));
    assert.throws(() => gradients([square(before)], [before], [graph.read(weight)]), GraphError);
    return {};
  });
});
