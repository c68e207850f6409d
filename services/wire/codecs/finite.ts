import { WireNotFiniteError } from '../errors.ts';

/**
 * The largest magnitude in `values`. Throws WireNotFiniteError on NaN, infinity and magnitudes from 2^127 on, which a lossy codec
 * could round to infinity. As integers, magnitudes of floats sort like the floats, with infinity and NaN last.
 */
export function peak(values: Float32Array, what: string): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let largest = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude > largest) largest = magnitude;
  }
  if (largest >= 0x7f000000) throw new WireNotFiniteError(what);
  return new Float32Array(Int32Array.of(largest).buffer)[0]!;
}
