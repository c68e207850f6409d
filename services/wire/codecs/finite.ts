import { WireNotFiniteError } from '../errors.ts';

/**
 * Throws WireNotFiniteError on NaN, infinity and magnitudes from 2^127 on, which a lossy codec could round to infinity. As integers,
 * magnitudes of floats sort like the floats, with infinity and NaN last.
 */
export function requireFinite(values: Float32Array, what: string): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7fffffff) >= 0x7f000000) throw new WireNotFiniteError(what);
}
