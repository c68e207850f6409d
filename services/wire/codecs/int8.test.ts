import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeInt8, encodeInt8, int8Bytes } from './int8.ts';
import { roundingRandom } from './rounding.ts';

const SHAPE = [2, 3, 4, 2];
const tensor = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 }), { minLength: 48, maxLength: 48 })
  .map((values) => Float32Array.from(values));

test('no value is off by a step of its own sample and channel, and steps stay within -127..127', () => {
  fc.assert(
    fc.property(tensor, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (values, random) => {
      const bytes = encodeInt8(values, SHAPE, () => random);
      const decoded = decodeInt8(bytes, SHAPE);
      const step = stepsOf(values);
      values.forEach((value, i) => {
        assert.ok(Math.abs(decoded[i]! - value) <= step(i) * 1.00001, `${value} became ${decoded[i]}, step ${step(i)}`);
      });
      assert.ok(new Int8Array(bytes.buffer, 16).every((level) => level >= -127));
    }),
  );
});

test('the mean over many roundings is the value: unbiased, also at the largest magnitudes', () => {
  const values = Float32Array.from({ length: 48 }, (_, i) => (i % 7 === 0 ? (i % 2 ? 1 : -1) : Math.sin(i) * 0.01));
  const random = roundingRandom('unbiased');
  const rounds = 20_000;
  const sums = new Float64Array(values.length);
  for (let round = 0; round < rounds; round++) {
    const decoded = decodeInt8(encodeInt8(values, SHAPE, random), SHAPE);
    for (let i = 0; i < sums.length; i++) sums[i]! += decoded[i]!;
  }
  const step = stepsOf(values);
  values.forEach((value, i) => {
    const standardError = (0.5 * step(i)) / Math.sqrt(rounds);
    assert.ok(
      Math.abs(sums[i]! / rounds - value) < 5 * standardError,
      `${value}: mean ${sums[i]! / rounds}, standard error ${standardError}`,
    );
  });
});

test('each sample and channel has its own scale: a large one does not drown a small one', () => {
  const values = Float32Array.from({ length: 48 }, (_, i) => (i % 2 === 0 ? 1000 : 1e-6));
  const decoded = decodeInt8(
    encodeInt8(values, SHAPE, () => 0.5),
    SHAPE,
  );
  values.forEach((value, i) => {
    assert.ok(Math.abs(decoded[i]! / value - 1) < 1e-5);
  });
});

test('zeros, subnormals and a vector are fine; the size is as foretold', () => {
  for (const value of [0, 2 ** -149, -1e-40, 1e38]) {
    const decoded = decodeInt8(
      encodeInt8(new Float32Array(48).fill(value), SHAPE, () => 0.5),
      SHAPE,
    );
    assert.ok(decoded.every((result) => Math.abs(result - value) <= Math.max(Math.abs(value) / 100, 2 ** -126)));
  }
  const vector = encodeInt8(Float32Array.of(1, -2, 3), [3], () => 0.5);
  assert.equal(vector.length, int8Bytes([3]));
  assert.deepEqual(
    Array.from(decodeInt8(vector, [3]), (value) => Math.round(value * 1000) / 1000),
    [1, -2, 3],
  );
});

test('scales that are no scales are refused', () => {
  for (const scale of [0, -1, NaN, Infinity]) {
    const bytes = new Uint8Array(int8Bytes([1, 1, 1]));
    new DataView(bytes.buffer).setFloat32(0, scale, true);
    assert.throws(() => decodeInt8(bytes, [1, 1, 1]), { code: 'WIRE_ENCODING' });
  }
});

test('random numbers of rounding are uniform, and the same for the same step only', () => {
  const draw = (label: string) => Array.from({ length: 10_000 }, roundingRandom(label));
  const numbers = draw('run/a/1');
  assert.deepEqual(numbers, draw('run/a/1'));
  assert.notDeepEqual(numbers.slice(0, 5), draw('run/a/2').slice(0, 5));
  const bins = new Array(10).fill(0);
  for (const number of numbers) bins[Math.floor(number * 10)]++;
  assert.ok(
    bins.every((n) => Math.abs(n - 1000) < 150),
    `${bins}`,
  );
});

/** The quantisation step of element i, from the definition: largest magnitude of its sample and channel / 127. */
function stepsOf(values: Float32Array): (i: number) => number {
  const group = (i: number) => `${Math.floor(i / 24)}/${i % 2}`;
  return (i) => Math.max(...values.filter((_, j) => group(j) === group(i)).map(Math.abs)) / 127 + 2 ** -126;
}
