import { inflateSync } from 'node:zlib';

/** Compression tags (TIFF 6.0 and its Adobe supplement) with what undoes them. */
const CODECS: Readonly<Record<number, (data: Uint8Array, length: number) => Uint8Array>> = {
  1: (data) => data,
  5: decodeLzw,
  8: inflate,
  32773: decodePackBits,
  32946: inflate,
};

export function isKnownCompression(compression: number): boolean {
  return compression in CODECS;
}

/** @returns exactly `length` bytes. @throws RangeError where the data ends before. */
export function decompress(compression: number, data: Uint8Array, length: number): Uint8Array {
  const out = CODECS[compression]!(data, length);
  if (out.length < length) throw new RangeError(`a strip holds ${out.length} bytes instead of ${length}`);
  return out.subarray(0, length);
}

/** Undoes horizontal differencing (predictor 2) in place. @param values [rows, width, channels] */
export function undoDifferences(values: Uint8Array | Uint16Array, width: number, channels: number): void {
  const row = width * channels;
  for (let i = 0; i < values.length; i++) if (i % row >= channels) values[i] = values[i]! + values[i - channels]!;
}

function inflate(data: Uint8Array, length: number): Uint8Array {
  return inflateSync(data, { maxOutputLength: Math.max(length, 1) * 2 });
}

function decodePackBits(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let from = 0; from < data.length && to < length; ) {
    const head = (data[from++]! << 24) >> 24;
    if (head >= 0) {
      const run = data.subarray(from, Math.min(from + head + 1, from + length - to));
      out.set(run, to);
      to += run.length;
      from += head + 1;
    } else if (head !== -128) {
      if (from >= data.length) break;
      const end = Math.min(to + 1 - head, length);
      out.fill(data[from++]!, to, end);
      to = end;
    }
  }
  return out.subarray(0, to);
}

const CLEAR = 256;
const END = 257;

/**
 * LZW, most significant bit first, widths changing one code early (TIFF 6.0, section 13). A code's bytes are a stretch of the output:
 * each new entry is the string before together with the byte that followed it.
 */
function decodeLzw(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const starts = new Int32Array(4096);
  const sizes = new Int32Array(4096);
  let [next, width, previous] = [END + 1, 9, -1];
  let [buffer, bits, to] = [0, 0, 0];
  for (const byte of data) {
    buffer = ((buffer << 8) | byte) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    bits -= width;
    const code = (buffer >> bits) & ((1 << width) - 1);
    if (code === END || to >= length) break;
    if (code === CLEAR) {
      [next, width, previous] = [END + 1, 9, -1];
      continue;
    }
    if (previous >= 0 && next < 4096) {
      starts[next] = previous;
      sizes[next++] = to - previous + 1;
    }
    if (code >= next) throw new RangeError('the LZW data is damaged');
    previous = to;
    if (code < CLEAR) out[to++] = code;
    else to = repeat(out, starts[code]!, to, sizes[code]!);
    if (next >= (1 << width) - 1 && width < 12) width++;
  }
  return out.subarray(0, to);
}

/** Copies `size` bytes forward, byte by byte, as what is copied may reach into what is written. @returns where the writing ended */
function repeat(out: Uint8Array, from: number, to: number, size: number): number {
  const end = Math.min(to + size, out.length);
  let read = from;
  for (let write = to; write < end; ) out[write++] = out[read++]!;
  return end;
}
