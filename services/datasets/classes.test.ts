import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionChannels, conditionImage, toClasses } from './classes.ts';
import { expected, INSTANCES } from './test-support.ts';

test('classes of instances are those of skimage.segmentation.find_boundaries', () => {
  const { labels, width, classes } = expected.planes;
  assert.deepEqual([...toClasses(Int32Array.from(labels), width)], classes);
});

test('touching instances are separated by boundary on both sides, the image border is none', () => {
  const instances = Int32Array.from([7, 7, 9, 9, 7, 7, 9, 9]);
  assert.deepEqual([...toClasses(instances, 4)], [1, 2, 2, 1, 1, 2, 2, 1]);
});

test('the condition of instances has foreground and boundary, boundary being foreground too', () => {
  const out = new Float32Array(7).fill(5);
  conditionImage(Uint8Array.from([0, 1, 2]), INSTANCES, out, 1);
  assert.deepEqual([...out], [5, 0, 0, 1, 0, 1, 1]);
});

test('the condition of classes is one-hot without the background', () => {
  const labels = { kind: 'Classes', classes: 4 } as const;
  const out = new Float32Array(12).fill(5);
  conditionImage(Uint8Array.from([3, 0, 2, 1]), labels, out, 0);
  assert.equal(conditionChannels(labels), 3);
  assert.deepEqual([...out], [0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0]);
});
