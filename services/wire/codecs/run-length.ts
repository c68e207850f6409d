import { WireEncodingError } from '../errors.ts';

/** Label maps as runs: the class (one byte), then the length of the run (LEB128). Never more than two bytes an element. */
export function encodeRuns(classes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 * classes.length);
  let at = 0;
  for (let i = 0; i < classes.length; ) {
    const value = classes[i]!;
    const start = i;
    while (i < classes.length && classes[i] === value) i++;
    bytes[at++] = value;
    at = writeLength(bytes, at, i - start);
  }
  return bytes.subarray(0, at);
}

/** Inverse of encodeRuns for exactly `elements` elements. Throws WireEncodingError when the runs do not add up to them. */
export function decodeRuns(bytes: Uint8Array, elements: number): Uint8Array {
  const classes = new Uint8Array(elements);
  let filled = 0;
  for (let at = 0; at < bytes.length; ) {
    const value = bytes[at++]!;
    let length = 0;
    let weight = 1;
    for (let more = true; more; weight *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || weight > 2 ** 42) throw new WireEncodingError('a run of a label map has no end');
      length += (byte & 127) * weight;
      more = byte > 127;
    }
    if (length === 0 || filled + length > elements) {
      throw new WireEncodingError(`a run of ${length} at element ${filled} does not fit a label map of ${elements} elements`);
    }
    classes.fill(value, filled, filled + length);
    filled += length;
  }
  if (filled !== elements) throw new WireEncodingError(`the runs fill ${filled} of the ${elements} elements of a label map`);
  return classes;
}

function writeLength(bytes: Uint8Array, at: number, length: number): number {
  let rest = length;
  let end = at;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[end++] = (rest & 127) | 128;
  bytes[end++] = rest;
  return end;
}
