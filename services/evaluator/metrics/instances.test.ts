import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsReference } from '../../../test/references/metrics/read.ts';
import { instancesFrom } from './instances.ts';
import { components, erode, open } from './morphology.ts';
import { watershed } from './watershed.ts';

for (const { name, probabilities, height, width, instances } of metricsReference.cases) {
  test(`instances are scikit-image's map, pixel for pixel: ${name}`, () => {
    assert.deepEqual(instancesFrom(probabilities, height, width), instances);
  });
}

for (const { name, probabilities, height, width, components: labels } of metricsReference.cases) {
  test(`components are scipy.ndimage.label's map: ${name}`, () => {
    const foreground = Uint8Array.from(labels, (_, i) => (probabilities[3 * i + 1]! + probabilities[3 * i + 2]! > 0.5 ? 1 : 0));
    assert.deepEqual(components(foreground, height, width).labels, labels);
  });
}

const rows = (...lines: string[]): Uint8Array => Uint8Array.from(lines.join(''), Number);
const show = (mask: ArrayLike<number>, width: number): string[] =>
  Array.from({ length: mask.length / width }, (_, y) => Array.from({ length: width }, (_, x) => mask[y * width + x]).join(''));

test('components do not join over a corner', () => {
  assert.deepEqual(components(rows('110', '001', '011'), 3, 3), { labels: Int32Array.of(1, 1, 0, 0, 0, 2, 0, 2, 2), areas: [0, 2, 3] });
});

test('erosion treats the outside as background; opening removes what the cross does not fit into', () => {
  const plus = rows('01000', '11100', '01000', '00011');
  assert.deepEqual(show(erode(plus, 4, 5), 5), ['00000', '01000', '00000', '00000']);
  assert.deepEqual(show(open(plus, 4, 5), 5), ['01000', '11100', '01000', '00000']);
});

test('watershed meets on the ridge and stays inside the mask', () => {
  const relief = [0, 1, 5, 1, 0, 0];
  const seeds = Int32Array.of(1, 0, 0, 0, 2, 0);
  assert.deepEqual([...watershed(relief, seeds, Uint8Array.of(1, 1, 1, 1, 1, 0), 1, 6)], [1, 1, 1, 2, 2, 0]);
});

test('a seed outside the mask grows nowhere', () => {
  assert.deepEqual([...watershed([0, 0], Int32Array.of(1, 0), Uint8Array.of(0, 1), 1, 2)], [0, 0]);
});

test('a piece of pure boundary is an instance from 16 pixels on, a smaller one is nothing', () => {
  const size = 12;
  const probabilities = new Float32Array(size * size * 3);
  const paint = (y: number, x: number): void => probabilities.set([0.1, 0.1, 0.8], 3 * (y * size + x));
  for (let y = 1; y < 5; y++) for (let x = 1; x < 5; x++) paint(y, x);
  for (let x = 1; x < 9; x++) paint(8, x);
  const found = instancesFrom(probabilities, size, size);
  assert.equal(found.filter((id) => id > 0).length, 16);
  assert.equal(new Set(found).size, 2);
});
