import { shuffle32, unshuffle32 } from './shuffle.ts';

/** Exact: the four byte planes of the values. */
export function encodeFloat32(values: Float32Array): Uint8Array {
  return shuffle32(new Uint32Array(values.buffer, values.byteOffset, values.length));
}

export function decodeFloat32(bytes: Uint8Array): Float32Array {
  return new Float32Array(unshuffle32(bytes).buffer);
}
