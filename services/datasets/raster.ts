import { LabelColourError, LabelValueError, UnreadableError } from './errors.ts';

/** A decoded picture file, alpha dropped. */
export interface Raster {
  width: number;
  height: number;
  channels: 1 | 3;
  /** [height, width, channels]; bytes are 8-bit data. */
  values: Uint8Array | Uint16Array | Float32Array;
}

/** How a file's numbers are meant: a palette's colours or its indices, few-bit grey spread to 0..255 or as it is. */
export type Purpose = 'image' | 'label';

/** Bytes stay 8-bit data, everything wider becomes single precision. */
export function toPixels(values: ArrayLike<number>): Uint8Array | Float32Array {
  return values instanceof Uint8Array || values instanceof Float32Array ? values : new Float32Array(values);
}

/** @throws LabelValueError where a value is no whole number from 0 on. */
export function toLabels(values: ArrayLike<number>, label: string): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    out[i] = value;
    if (out[i] !== value || value < 0) throw new LabelValueError(label, value, 'labels are whole numbers from 0 to 2147483647');
  }
  return out;
}

/** The numbers of a label picture. A grey one saved as colour has three equal channels. @throws LabelColourError */
export function rasterLabels(raster: Raster, label: string): Int32Array {
  if (raster.channels === 1) return toLabels(raster.values, label);
  const { values } = raster;
  const grey = new Float64Array(values.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = values[3 * i]!;
    if (values[3 * i + 1] !== grey[i] || values[3 * i + 2] !== grey[i]) throw new LabelColourError(label);
  }
  return toLabels(grey, label);
}

/** Keeps the first `kept` of `channels` interleaved channels: drops alpha. */
export function dropChannels<T extends Uint8Array | Uint16Array | Float32Array>(values: T, channels: number, kept: number): T {
  if (channels === kept) return values;
  const pixels = values.length / channels;
  const out = new (values.constructor as new (length: number) => T)(pixels * kept);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < kept; c++) out[i * kept + c] = values[i * channels + c]!;
  return out;
}

/** Spreads samples of 1, 2 or 4 bits, rows padded to whole bytes, most significant bit first, to a byte each. */
export function unpackBits(packed: Uint8Array, width: number, height: number, bits: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * bits) / 8);
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      out[y * width + x] = (packed[y * rowBytes + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return out;
}

/** Grey of few bits to 0..255. */
export function spreadGrey(values: Uint8Array, bits: number): Uint8Array {
  const scale = 255 / ((1 << bits) - 1);
  return values.map((value) => value * scale);
}

/** Looks the colours of indices up. @param palette returns [red, green, blue], undefined beyond its end. @throws UnreadableError */
export function applyPalette(indices: Uint8Array, palette: (index: number) => readonly number[] | undefined, path: string): Uint8Array {
  const out = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    const colour = palette(indices[i]!);
    if (colour === undefined) throw new UnreadableError(path, `its palette has no colour ${indices[i]}`);
    out.set(colour.slice(0, 3), i * 3);
  }
  return out;
}
