import { shuffle16, unshuffle16 } from './shuffle.ts';

/**
 * Half precision with one power-of-two scale per tensor, so that gradients of 1e-7 keep their eleven bits.
 * largest: the largest magnitude in `values`, finite. `bytes` holds the planes of round-to-nearest-even(value * 2^scale).
 */
export function encodeFloat16(values: Float32Array, largest: number): { scale: number; bytes: Uint8Array } {
  const scale = scaleFor(largest);
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

/** Moves the largest magnitude into [2^14, 2^15): no overflow on rounding, and as much as possible above the subnormals. */
function scaleFor(largest: number): number {
  if (largest === 0) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, largest);
  return 14 - (((bits.getUint16(0) >>> 4) & 0x7ff) - 1023);
}
