import { UnreadableError, UnsupportedFileError } from '../errors.ts';
import { checkExtent } from '../files.ts';
import { isKnownCompression } from './tiff-codec.ts';

/** Tags (TIFF 6.0, appendix A). */
const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  channels: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;
/** Bytes of the field types that hold these tags: BYTE, SHORT, LONG. */
const FIELD_BYTES: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 3: 2, 4: 4 };
/** RGB with alpha and a spare. */
const MOST_CHANNELS = 5;
/** Photometric interpretations. */
export const WHITE_IS_ZERO = 0;
export const PALETTE = 3;
/** Sample formats. */
const UNSIGNED = 1;
const FLOAT = 3;
/** Subfile bits: a reduced copy, a transparency mask. */
const REDUCED_OR_MASK = 0b101;

/** The fields of a page, with the defaults of the specification. */
export interface Page {
  width: number;
  height: number;
  channels: number;
  bits: number;
  float: boolean;
  littleEndian: boolean;
  compression: number;
  photometric: number;
  differenced: boolean;
  palette: readonly number[];
  /** Strips are blocks as wide as the image. */
  block: { tiled: boolean; width: number; height: number; offsets: readonly number[]; bytes: readonly number[] };
}

/** The one page of a file. Previews and masks that accompany a page are not pages. */
export function readPage(bytes: Uint8Array, path: string): Page {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const order = String.fromCharCode(bytes[0]!, bytes[1] ?? 0);
  if (order !== 'II' && order !== 'MM') throw new UnreadableError(path, 'it is no TIFF file (wrong signature)');
  const little = order === 'II';
  try {
    const version = view.getUint16(2, little);
    if (version === 43) throw new UnsupportedFileError(path, 'is a BigTIFF file', 'save it as TIFF');
    if (version !== 42) throw new UnreadableError(path, 'it is no TIFF file (wrong signature)');
    const pages: Map<number, number[]>[] = [];
    const visited = new Set<number>();
    for (let at = view.getUint32(4, little); at !== 0; ) {
      if (visited.has(at)) throw new UnreadableError(path, 'its directories form a loop');
      visited.add(at);
      const { fields, next } = readDirectory(view, at, little);
      if (((fields.get(TAG.subfile)?.[0] ?? 0) & REDUCED_OR_MASK) === 0) pages.push(fields);
      at = next;
    }
    if (pages.length !== 1) throw new UnsupportedFileError(path, `holds ${pages.length} pages`, 'save each page as a file of its own');
    return interpret(pages[0]!, little, path);
  } catch (cause) {
    if (cause instanceof RangeError) throw new UnreadableError(path, 'the file is truncated', { cause });
    throw cause;
  }
}

/** Reads a directory's whole-number fields. @throws RangeError beyond the end of the file */
function readDirectory(view: DataView, at: number, little: boolean): { fields: Map<number, number[]>; next: number } {
  const fields = new Map<number, number[]>();
  const entries = view.getUint16(at, little);
  for (let i = 0; i < entries; i++) {
    const entry = at + 2 + 12 * i;
    const size = FIELD_BYTES[view.getUint16(entry + 2, little)];
    const count = view.getUint32(entry + 4, little);
    if (size === undefined) continue;
    const start = size * count <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    if (start + size * count > view.byteLength) throw new RangeError('a field lies beyond the end');
    const read = { 1: view.getUint8, 2: view.getUint16, 4: view.getUint32 }[size].bind(view);
    fields.set(
      view.getUint16(entry, little),
      Array.from({ length: count }, (_, k) => read(start + size * k, little)),
    );
  }
  return { fields, next: view.getUint32(at + 2 + 12 * entries, little) };
}

function interpret(fields: Map<number, number[]>, littleEndian: boolean, path: string): Page {
  const one = (tag: number, missing: number) => fields.get(tag)?.[0] ?? missing;
  const [width, height] = [one(TAG.width, 0), one(TAG.height, 0)];
  const tiled = fields.has(TAG.tileOffsets);
  const block = {
    tiled,
    width: tiled ? one(TAG.tileWidth, 0) : width,
    height: tiled ? one(TAG.tileHeight, 0) : Math.min(one(TAG.rowsPerStrip, height), height),
    offsets: fields.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [],
    bytes: fields.get(tiled ? TAG.tileBytes : TAG.stripBytes) ?? [],
  };
  checkExtent(path, width, height);
  checkExtent(path, block.width, block.height);
  const remedy = unsupported(one);
  if (remedy !== undefined) throw new UnsupportedFileError(path, ...remedy);
  return {
    ...{ width, height, block, littleEndian },
    channels: one(TAG.channels, 1),
    bits: one(TAG.bits, 1),
    float: one(TAG.sampleFormat, UNSIGNED) === FLOAT,
    compression: one(TAG.compression, 1),
    photometric: one(TAG.photometric, 1),
    differenced: one(TAG.predictor, 1) === 2,
    palette: fields.get(TAG.palette) ?? [],
  };
}

/** What the file has that is not read here, and the way out. */
function unsupported(one: (tag: number, missing: number) => number): [what: string, remedy: string] | undefined {
  const [bits, format, channels] = [one(TAG.bits, 1), one(TAG.sampleFormat, UNSIGNED), one(TAG.channels, 1)];
  const readable =
    format === UNSIGNED ? [8, 16].includes(bits) || ([1, 4].includes(bits) && channels === 1) : format === FLOAT && bits === 32;
  if (!readable) return [`has ${bits} bits of sample format ${format} per value`, 'save it with 8 or 16 bits, unsigned'];
  if (channels < 1 || channels > MOST_CHANNELS) return [`has ${channels} channels`, 'save it as grey or RGB'];
  const compression = one(TAG.compression, 1);
  if (!isKnownCompression(compression)) return [`is compressed with method ${compression}`, 'save it with LZW, Deflate or no compression'];
  const photometric = one(TAG.photometric, 1);
  if (photometric > PALETTE || (photometric === PALETTE && (bits > 8 || channels > 1)))
    return ['is not grey, RGB or palette', 'convert it to RGB'];
  if (one(TAG.planar, 1) !== 1 && channels > 1) return ['keeps its channels in planes', 'save it with interleaved channels'];
  const predictor = one(TAG.predictor, 1);
  if (predictor > 2 || (predictor === 2 && ![8, 16].includes(bits))) return [`uses predictor ${predictor}`, 'save it without a predictor'];
  if (one(TAG.fillOrder, 1) !== 1) return ['stores its bits in reverse order', 'save it with fill order 1'];
  return undefined;
}
