import { crc32c } from '../crc32c.ts';

/**
 * The random numbers of stochastic rounding, uniform in [0, 1): the same for the same label (run, site, iteration), so that a step
 * that is repeated after a restart sends the same bytes over any channel. Mulberry32 (Tommy Ettinger, public domain).
 */
export function roundingRandom(label: string): () => number {
  let state = crc32c(new TextEncoder().encode(label)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
