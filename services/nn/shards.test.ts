import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph, type Tensor } from './graph.ts';
import { nativeForTests } from './ops/gradient-check.ts';
import { instanceNorm } from './ops/norm.ts';
import { Random } from './random.ts';
import { Session } from './session.ts';
import { inShards } from './shards.ts';

const native = nativeForTests();
const BATCH = 6;

/** The output for a batch in at most so many slices, and the slices' sizes. */
function outputOf(shards: number): { output: Float32Array; sizes: number[] } {
  const random = new Random('shards');
  const sizes: number[] = [];
  const graph = new Graph();
  graph.run('run', () => {
    const inputs = [graph.placeholder('x', [BATCH, 4, 4, 3]), graph.placeholder('gain', [BATCH, 3])];
    const [y] = inShards(inputs, shards, ([x, gain]: readonly Tensor[]) => {
      sizes.push(x!.shape[0]!);
      return [instanceNorm(x!, gain!, gain!)];
    });
    return { y: y! };
  });
  const session = new Session(native, graph);
  const { y } = session.run('run', { x: random.normals(BATCH * 48), gain: random.normals(BATCH * 3) }, ['y']);
  session.close();
  return { output: y, sizes };
}

test('a batch in slices gives what the whole batch gives', () => {
  const whole = outputOf(1);
  assert.deepEqual(whole.sizes, [6]);
  assert.deepEqual(outputOf(2).output, whole.output);
});

test('slices are of one size: as many as divide the batch, at most as many as asked for', () => {
  assert.deepEqual(outputOf(4).sizes, [2, 2, 2]);
  assert.deepEqual(outputOf(50).sizes, [1, 1, 1, 1, 1, 1]);
});
