/**
 * Images in [-1, 1] on the 8-bit grid: round((x + 1) * 127.5), halves to even, clamped to 0..255. Grid values come back exactly.
 * values must be finite.
 */
export function encodeUInt8(values: Float32Array): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (values[i]! + 1) * 127.5;
  return new Uint8Array(bytes.buffer);
}

export function decodeUInt8(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < values.length; i++) values[i] = GRID[bytes[i]!]!;
  return values;
}

/** v / 127.5 - 1, each operation rounded to float32. */
const GRID = Float32Array.from({ length: 256 }, (_, v) => Math.fround(v / 127.5) - 1);
