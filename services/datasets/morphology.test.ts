import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bothEdges, components, fillHoles, grow, outerEdge } from './morphology.ts';
import { expected } from './test-support.ts';

const { width, filled, outline, edges } = expected.planes;
const mask = Uint8Array.from(expected.planes.mask);

test('holes are filled as scipy does', () => {
  assert.deepEqual([...fillHoles(mask, width)], filled);
});

test("the outer edge is where OpenCV's Laplacian of the mask is positive", () => {
  assert.deepEqual([...outerEdge(Uint8Array.from(filled), width)], outline);
});

test("both edges are the dilation without the erosion, as the original's label encoding", () => {
  assert.deepEqual([...bothEdges(mask, width)], edges);
});

test('components are those of scipy with eight neighbours', () => {
  assert.deepEqual([...components(mask, width)], expected.planes.components);
});

test('growing undoes the erosion of separate instances and never overwrites one', () => {
  const eroded = Int32Array.from([0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...grow(eroded, 5)], [0, 2, 0, 1, 0, 2, 2, 1, 1, 1, 0, 2, 0, 1, 0]);
});
