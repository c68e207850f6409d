import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFloat16, encodeFloat16 } from './float16.ts';

const roundTrip = (values: Float32Array) => {
  const { scale, bytes } = encodeFloat16(values);
  return { scale, decoded: decodeFloat16(bytes, scale) };
};

test('every value is off by at most 2^-11 of the larger of itself and the root mean square, at any magnitude of the tensor', () => {
  fc.assert(
    fc.property(
      fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -120, max: 100 }),
      (raw, power) => {
        const largest = Math.max(...raw.map(Math.abs), 1e-30);
        const values = raw.map((value) => (value / largest) * 2 ** power);
        const { decoded } = roundTrip(values);
        const rms = rootMeanSquare(values);
        values.forEach((value, i) => {
          const allowed = Math.max(Math.abs(value) * 2 ** -11, rms * 2 ** -11, 2 ** -149);
          assert.ok(Math.abs(decoded[i]! - value) <= allowed, `${value} came back as ${decoded[i]}`);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('the scale puts the root mean square into [2^-14, 2^-13), from the smallest float32 to the largest', () => {
  for (const size of [2 ** -149, 1.5e-45, 2 ** -126, 1e-7, 0.99999994, 1, 1.9999999, 2, 65504, 65536, 1.7e38]) {
    const { scale, decoded } = roundTrip(Float32Array.of(size, -size));
    const scaled = Math.fround(size) * 2 ** scale;
    assert.ok(scaled >= 2 ** -14 && scaled < 2 ** -13, `${size} becomes ${scaled}`);
    assert.ok(Math.abs(decoded[0]! / Math.fround(size) - 1) <= 2 ** -11);
    assert.equal(decoded[1], -decoded[0]!);
  }
});

test('one value among a million that are nearly nothing does not overflow', () => {
  const values = new Float32Array(2 ** 20).fill(1e-30);
  values[7] = 1000;
  assert.equal(roundTrip(values).decoded[7], 1000);
});

test('rounds to nearest, ties to even, subnormal halves included', () => {
  const unit = 2 ** -10;
  const step = 2 ** -11;
  const tie = Float32Array.of(1, 1 + unit / 2, 1 + unit * 1.5, 1 + unit * 0.51, step * 1.5, step * 2.5, step * 0.5);
  const { scale, decoded } = roundTrip(tie);
  assert.equal(scale, -13);
  assert.deepEqual(Array.from(decoded), [1, 1, 1 + 2 * unit, 1 + unit, 2 * step, 2 * step, 0]);
});

test('gradients of 1e-7 keep their precision, which plain half floats lose', () => {
  const gradient = Float32Array.from({ length: 1000 }, (_, i) => 1e-7 * Math.sin(i + 1));
  const error = (decoded: ArrayLike<number>) => Math.hypot(...gradient.map((value, i) => decoded[i]! - value)) / Math.hypot(...gradient);
  assert.ok(error(roundTrip(gradient).decoded) < 2 ** -11);
  assert.ok(error(new Float16Array(gradient)) > 0.05, 'the comparison shows nothing if plain halves do as well');
});

test('zeros keep their sign', () => {
  assert.deepEqual(Array.from(roundTrip(Float32Array.of(0, -0)).decoded), [0, -0]);
});

test('every one of many values is rounded as by exact arithmetic, also once the code is compiled', () => {
  const values = Float32Array.from({ length: 200_000 }, (_, i) => (i % 3 ? Math.sin(i) : (i % 4096) / 2048 + 2 ** -12) * 2 ** -(i % 30));
  const { scale, decoded } = roundTrip(values);
  const wrong = values.findIndex((value, i) => nearestHalf(value * 2 ** scale) !== decoded[i]! * 2 ** scale);
  assert.equal(wrong, -1, `${values[wrong]} became ${decoded[wrong]}`);
});

const rootMeanSquare = (values: Float32Array): number => Math.hypot(...values) / Math.sqrt(values.length);

/** The half float nearest to x, ties to even, by the definition. */
function nearestHalf(x: number): number {
  const unit = 2 ** Math.max(Math.floor(Math.log2(Math.abs(x))) - 10, -24);
  const below = Math.floor(x / unit);
  const rest = x / unit - below;
  return (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
}
