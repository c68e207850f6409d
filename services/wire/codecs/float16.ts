import { shuffle16, unshuffle16 } from './shuffle.ts';

/**
 * Half precision with one power-of-two scale per tensor, which puts its root mean square into [2^-14, 2^-13), the lowest halves that have eleven
 * bits: a value is off by at most 2^-11 of the larger of itself and the root mean square. Values below it are not sent more exactly than it is;
 * those bits would be noise to zstd. Of up to 2^32 values none can overflow. `bytes` holds the planes of round-to-nearest-even(value * 2^scale).
 * values must be finite.
 */
export function encodeFloat16(values: Float32Array): { scale: number; bytes: Uint8Array } {
  const scale = scaleFor(values);
  const factor = 2 ** scale;
  const halves = new Float16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = values[i]! * factor;
  return { scale, bytes: shuffle16(new Uint16Array(halves.buffer)) };
}

export function decodeFloat16(bytes: Uint8Array, scale: number): Float32Array {
  const factor = 2 ** -scale;
  const halves = new Float16Array(unshuffle16(bytes).buffer);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) values[i] = halves[i]! * factor;
  return values;
}

function scaleFor(values: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  if (squares === 0) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.sqrt(squares / values.length));
  return -14 - (((bits.getUint16(0) >>> 4) & 0x7ff) - 1023);
}
