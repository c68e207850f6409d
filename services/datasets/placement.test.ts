import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cropImage, drawPlacement, type Placement } from './placement.ts';
import { seeded } from './test-support.ts';

const upright: Placement = { top: 0, left: 0, rotate: 0, flip: false };

test('a placement without symmetry is the plain crop', () => {
  const plane = Int32Array.from({ length: 16 }, (_, i) => i);
  assert.deepEqual([...cropImage(plane, 4, 1, { ...upright, top: 1, left: 2 }, 2)], [6, 7, 10, 11]);
});

test('one turn is counter-clockwise, and the flip comes after it', () => {
  const plane = Uint8Array.from([1, 2, 3, 4]);
  assert.deepEqual([...cropImage(plane, 2, 1, { ...upright, rotate: 1 }, 2)], [2, 4, 1, 3]);
  assert.deepEqual([...cropImage(plane, 2, 1, { ...upright, rotate: 1, flip: true }, 2)], [4, 2, 3, 1]);
});

test('channels stay together and the array type is kept', () => {
  const image = Uint8Array.from([1, 10, 2, 20, 3, 30, 4, 40]);
  const turned = cropImage(image, 2, 2, { ...upright, rotate: 2 }, 2);
  assert.deepEqual(turned, Uint8Array.from([4, 40, 3, 30, 2, 20, 1, 10]));
  assert.ok(cropImage(new Int32Array(4), 2, 1, upright, 2) instanceof Int32Array);
});

test('the turns form a group: n turns are one turn, n times', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 3 }), (size, rotate, channels) => {
      const plane = Float32Array.from({ length: size * size * channels }, (_, i) => i);
      let turned = plane;
      for (let i = 0; i < rotate; i++) turned = cropImage(turned, size, channels, { ...upright, rotate: 1 }, size);
      assert.deepEqual(cropImage(plane, size, channels, { ...upright, rotate: rotate as Placement['rotate'] }, size), turned);
    }),
  );
});

test('a placed crop holds exactly the pixels of its square', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 5 }), (seed, crop, margin) => {
      const size = crop + margin;
      const plane = Int32Array.from({ length: size * size }, (_, i) => i);
      const placement = drawPlacement(seeded(seed), size, crop);
      const square = plane.filter((i) => {
        const [row, column] = [Math.floor(i / size), i % size];
        return row >= placement.top && row < placement.top + crop && column >= placement.left && column < placement.left + crop;
      });
      assert.deepEqual(cropImage(plane, size, 1, placement, crop).sort(), square);
    }),
  );
});

test('drawing reaches all positions and all eight symmetries, the same for the same seed', () => {
  const draw = () => {
    const random = seeded(3);
    return Array.from({ length: 800 }, () => drawPlacement(random, 6, 4));
  };
  const seen = draw();
  assert.deepEqual(seen, draw());
  assert.equal(new Set(seen.map(({ rotate, flip }) => `${rotate}${flip}`)).size, 8);
  assert.deepEqual([...new Set(seen.map(({ top }) => top))].sort(), [0, 1, 2]);
  assert.deepEqual([...new Set(seen.map(({ left }) => left))].sort(), [0, 1, 2]);
});

test('a crop larger than the image is refused', () => {
  assert.throws(() => drawPlacement(seeded(1), 4, 5), RangeError);
});
