import { decode } from 'fast-png';
import { UnreadableError, UnsupportedFileError } from '../errors.ts';
import { checkExtent } from '../files.ts';
import { applyPalette, dropChannels, type Purpose, type Raster, spreadGrey, unpackBits } from '../raster.ts';
import type { Header } from '../scan.ts';

/** Bytes from the start of the file that hold signature and IHDR chunk. */
export const PNG_HEADER_BYTES = 29;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Colour types (PNG specification, 11.2.1). */
const COLOURED = 2;
const PALETTE = 3;

/** Size and channels from the first `PNG_HEADER_BYTES` bytes. */
export function readPngHeader(bytes: Uint8Array, path: string): Header {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw new UnreadableError(path, 'it is no PNG file (wrong signature)');
  if (bytes.length < PNG_HEADER_BYTES) throw new UnreadableError(path, 'the file is truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [bits, colour, interlace] = [view.getUint8(24), view.getUint8(25), view.getUint8(28)];
  checkExtent(path, width, height);
  // fast-png decodes interlaced pixels of less than a byte wrongly.
  if (interlace !== 0 && bits < 8)
    throw new UnsupportedFileError(path, `is interlaced with ${bits} bits per value`, 'save it without interlacing');
  return { width, height, channels: colour & COLOURED ? 3 : 1, eightBit: bits <= 8 };
}

/** 1 to 16 bits, grey, RGB or palette, with or without alpha, interlaced or not. Checksums are verified. */
export function decodePng(bytes: Uint8Array, path: string, purpose: Purpose): Raster {
  const { width, height } = readPngHeader(bytes, path);
  try {
    const png = decode(bytes, { checkCrc: true });
    const values = png.depth < 8 ? unpackBits(png.data as Uint8Array, width, height, png.depth) : (png.data as Uint8Array | Uint16Array);
    if (png.palette !== undefined && bytes[25] === PALETTE) {
      if (purpose === 'label') return { width, height, channels: 1, values };
      return { width, height, channels: 3, values: applyPalette(values as Uint8Array, (index) => png.palette?.[index], path) };
    }
    if (png.depth < 8 && purpose === 'image') return { width, height, channels: 1, values: spreadGrey(values as Uint8Array, png.depth) };
    const channels = png.channels >= 3 ? 3 : 1;
    return { width, height, channels, values: dropChannels(values, png.channels, channels) };
  } catch (cause) {
    if (cause instanceof UnreadableError) throw cause;
    throw new UnreadableError(path, `the file is truncated or damaged (${(cause as Error).message})`, { cause });
  }
}
