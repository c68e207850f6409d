import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resizeImage, resizeLabels } from './resize.ts';
import { expected } from './test-support.ts';

for (const { width, height, channels, size, pixels, linear, nearest } of expected.resizes) {
  const title = `${width}x${height}x${channels} to ${size}x${size}`;
  test(`images of ${title} are resized as torch's bilinear interpolation does`, () => {
    const resized = resizeImage(Uint8Array.from(pixels), width, height, channels, size);
    assert.equal(resized.length, linear.length);
    for (const [i, value] of resized.entries()) assert.ok(Math.abs(value - linear[i]!) < 0.5 + 1e-5, `${value} for ${linear[i]} at ${i}`);
  });
  test(`labels of ${title} are resized as torch's nearest-exact interpolation does`, () => {
    const labels = Int32Array.from(pixels.filter((_, i) => i % channels === 0));
    assert.deepEqual([...resizeLabels(labels, width, height, size)], nearest);
  });
}
