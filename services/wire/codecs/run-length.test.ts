import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRuns, encodeRuns } from './run-length.ts';

const runs = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 40_000 })), { minLength: 1, maxLength: 12 });
const classes = runs.map((list) => Uint8Array.from(list.flatMap(([value, length]) => Array(length).fill(value))));

test('any label map comes back as it was, in at most two bytes an element', () => {
  fc.assert(
    fc.property(fc.oneof(classes, fc.uint8Array({ minLength: 1, maxLength: 300 })), (map) => {
      const bytes = encodeRuns(map);
      assert.ok(bytes.length <= 2 * map.length);
      assert.deepEqual(Buffer.compare(decodeRuns(bytes, map.length), map), 0);
    }),
    { numRuns: 50 },
  );
});

test('a map of one class is four bytes', () => {
  assert.deepEqual(encodeRuns(new Uint8Array(128 * 128).fill(2)), Uint8Array.of(2, 0x80, 0x80, 1));
});

test('runs that do not add up are refused: too long, too short, empty, without an end', () => {
  const cases = [[1, 5], [1, 3], [1, 0], [1], [1, 0x80], [1, 0x80, 0x80], [1, 4, 2], [1, ...Array(9).fill(0xff), 1], []];
  for (const bytes of cases) assert.throws(() => decodeRuns(Uint8Array.from(bytes), 4), { code: 'WIRE_ENCODING' }, `[${bytes}]`);
});

test('any bytes either decode to the right size or are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 1000 }), (bytes, elements) => {
      try {
        assert.equal(decodeRuns(bytes, elements).length, elements);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'WIRE_ENCODING');
      }
    }),
    { numRuns: 1000 },
  );
});
