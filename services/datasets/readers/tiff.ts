import { UnreadableError } from '../errors.ts';
import { applyPalette, dropChannels, type Purpose, type Raster, spreadGrey, unpackBits } from '../raster.ts';
import type { Header } from '../scan.ts';
import { decompress, undoDifferences } from './tiff-codec.ts';
import { PALETTE, type Page, readPage, WHITE_IS_ZERO } from './tiff-page.ts';

// An own decoder (TIFF 6.0, the baseline and its common extensions): utif2 reads past the end of a truncated file as zeros, does not
// return from a looping directory, and prints a line for every tiled file.

/** Size and channels of a file with one page. */
export function readTiffHeader(bytes: Uint8Array, path: string): Header {
  const page = readPage(bytes, path);
  return { width: page.width, height: page.height, channels: colours(page), eightBit: page.bits <= 8 };
}

/** Grey, RGB or palette, with or without alpha; 1, 4, 8 or 16 bits, or 32-bit floats; strips or tiles; LZW, Deflate, PackBits or uncompressed. */
export function decodeTiff(bytes: Uint8Array, path: string, purpose: Purpose): Raster {
  const page = readPage(bytes, path);
  const { width, height } = page;
  const values = readBlocks(bytes, page, path);
  if (page.photometric === PALETTE) {
    if (purpose === 'label') return { width, height, channels: 1, values };
    const third = page.palette.length / 3;
    const colour = (i: number) => (i < third ? [0, 1, 2].map((c) => page.palette[c * third + i]! >> 8) : undefined);
    return { width, height, channels: 3, values: applyPalette(values as Uint8Array, colour, path) };
  }
  const channels = colours(page);
  let kept = dropChannels(values, page.channels, channels);
  if (purpose === 'image' && page.bits < 8) kept = spreadGrey(kept as Uint8Array, page.bits);
  if (purpose === 'image' && page.photometric === WHITE_IS_ZERO) invert(kept, page.bits);
  return { width, height, channels, values: kept };
}

function colours(page: Page): 1 | 3 {
  return page.channels >= 3 || page.photometric === PALETTE ? 3 : 1;
}

function invert(values: Uint8Array | Uint16Array | Float32Array, bits: number): void {
  const white = bits === 16 ? 0xffff : 0xff;
  for (let i = 0; i < values.length; i++) values[i] = white - values[i]!;
}

/** @returns [height, width, channels] */
function readBlocks(bytes: Uint8Array, page: Page, path: string): Uint8Array | Uint16Array | Float32Array {
  const { width, height, channels, block } = page;
  const Values = page.float ? Float32Array : page.bits === 16 ? Uint16Array : Uint8Array;
  const out = new Values(width * height * channels);
  const across = Math.ceil(width / block.width);
  const blocks = across * Math.ceil(height / block.height);
  for (let i = 0; i < blocks; i++) {
    const [left, top] = [(i % across) * block.width, Math.floor(i / across) * block.height];
    const [columns, rows] = [Math.min(block.width, width - left), Math.min(block.height, height - top)];
    const values = readBlock(bytes, page, i, block.tiled ? block.height : rows, path);
    for (let y = 0; y < rows; y++) {
      const from = y * block.width * channels;
      out.set(values.subarray(from, from + columns * channels), ((top + y) * width + left) * channels);
    }
  }
  return out;
}

/** @returns [rows, block width, channels] */
function readBlock(bytes: Uint8Array, page: Page, i: number, rows: number, path: string): Uint8Array | Uint16Array | Float32Array {
  const end = (page.block.offsets[i] ?? Number.NaN) + (page.block.bytes[i] ?? Number.NaN);
  if (!(end <= bytes.length)) throw new UnreadableError(path, 'the file is truncated');
  const rowBytes = Math.ceil((page.block.width * page.channels * page.bits) / 8);
  try {
    const raw = decompress(page.compression, bytes.subarray(page.block.offsets[i], end), rows * rowBytes);
    return interpretBytes(raw, page, rows);
  } catch (cause) {
    throw new UnreadableError(path, `the file is truncated or damaged (${(cause as Error).message})`, { cause });
  }
}

function interpretBytes(raw: Uint8Array, page: Page, rows: number): Uint8Array | Uint16Array | Float32Array {
  const { width } = page.block;
  const count = rows * width * page.channels;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  if (page.bits < 8) return unpackBits(raw, width, rows, page.bits);
  if (page.float) return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, page.littleEndian));
  const values = page.bits === 8 ? raw.slice() : Uint16Array.from({ length: count }, (_, i) => view.getUint16(2 * i, page.littleEndian));
  if (page.differenced) undoDifferences(values, width, page.channels);
  return values;
}
