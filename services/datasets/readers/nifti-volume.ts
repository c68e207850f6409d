import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type NIFTI1, type NIFTI2, readHeader } from 'nifti-reader-js';
import { UnreadableError, UnsupportedFileError } from '../errors.ts';
import { explain, readBytes } from '../files.ts';

const NIFTI1_BYTES = 348;
const NIFTI2_BYTES = 540;
const MOST_EXTENSION_BYTES = 2 ** 24;
const MOST_BYTES = 2 ** 31;
const GZIP = [0x1f, 0x8b];

/** How each data type (nifti1.h, DT_*) is read: bytes of a value, and the reading. */
const TYPES: Readonly<Record<number, { bytes: number; read: (view: DataView, at: number, little: boolean) => number }>> = {
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  4: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  8: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  16: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  256: { bytes: 1, read: (view, at) => view.getInt8(at) },
  512: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  768: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  1024: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  1280: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};
const UINT8 = 2;

/** The header of a volume. */
export interface NiftiHeader {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Unsigned bytes without a scale. */
  readonly eightBit: boolean;
  /** Voxel to space, [4, 4]; null where the file does not say. */
  readonly affine: readonly (readonly number[])[] | null;
  readonly raw: NIFTI1 | NIFTI2;
}

/** Reads the header alone, from .nii or .nii.gz, whichever the file's first bytes say. */
export async function readNiftiHeader(root: string, path: string): Promise<NiftiHeader> {
  const bytes = await readInflated(root, path, NIFTI2_BYTES);
  if (bytes.length < NIFTI1_BYTES) throw new UnreadableError(path, 'it is truncated, or no NIfTI file');
  // Cut after the header: the library would read the extensions that may follow, from bytes that are not here.
  const length = [bytes[0], bytes[3]].includes(NIFTI1_BYTES & 0xff) ? NIFTI1_BYTES : NIFTI2_BYTES;
  let raw: NIFTI1 | NIFTI2;
  try {
    raw = readHeader(bytes.slice(0, length).buffer, true);
  } catch (cause) {
    throw new UnreadableError(path, 'it is no NIfTI file (wrong signature)', { cause });
  }
  return interpret(raw, path);
}

/** The voxels, scaled as the header says, in the file's order: columns fastest, then rows, then slices. */
export async function readNiftiVoxels(root: string, header: NiftiHeader): Promise<Uint8Array | Float32Array | Float64Array> {
  const { raw, path } = header;
  const type = TYPES[raw.datatypeCode]!;
  const count = header.width * header.height * header.depth;
  const offset = Math.trunc(raw.vox_offset);
  const bytes = await readInflated(root, path, offset + count * type.bytes);
  if (bytes.length < offset + count * type.bytes) throw new UnreadableError(path, 'the file is truncated');
  if (header.eightBit) return bytes.subarray(offset);
  const { slope, intercept } = scaling(raw);
  const view = new DataView(bytes.buffer);
  // A label of 32 bits is exact in double precision only.
  const out = new (type.bytes > 2 ? Float64Array : Float32Array)(count);
  for (let i = 0; i < count; i++) out[i] = type.read(view, offset + i * type.bytes, raw.littleEndian) * slope + intercept;
  return out;
}

function interpret(raw: NIFTI1 | NIFTI2, path: string): NiftiHeader {
  const [axes = 0, width = 0, height = 0] = raw.dims;
  const depth = axes >= 3 ? raw.dims[3]! : 1;
  if (raw.magic.startsWith('ni')) {
    throw new UnsupportedFileError(path, 'keeps its voxels in a second file', 'save it as a single .nii or .nii.gz file');
  }
  if (!(axes >= 2 && width > 0 && height > 0 && depth > 0)) throw new UnreadableError(path, `its size is ${width}x${height}x${depth}`);
  if (raw.dims.slice(4, axes + 1).some((extent) => extent > 1)) {
    throw new UnsupportedFileError(
      path,
      `has ${axes} axes of sizes ${raw.dims.slice(1, axes + 1).join('x')}`,
      'save each point in time as a volume of its own',
    );
  }
  if (!(raw.vox_offset >= NIFTI1_BYTES && raw.vox_offset <= MOST_EXTENSION_BYTES)) {
    throw new UnreadableError(path, `its voxels are said to start at byte ${raw.vox_offset}`);
  }
  const type = TYPES[raw.datatypeCode];
  if (type === undefined) throw new UnsupportedFileError(path, `has the data type ${raw.datatypeCode}`, 'save it as integers or floats');
  if (width * height * depth * type.bytes > MOST_BYTES)
    throw new UnsupportedFileError(path, `is ${width}x${height}x${depth}`, 'cut it into smaller volumes');
  const { slope, intercept } = scaling(raw);
  const placed = raw.qform_code > 0 || raw.sform_code > 0;
  return {
    ...{ path, width, height, depth, raw },
    eightBit: raw.datatypeCode === UINT8 && slope === 1 && intercept === 0,
    affine: placed ? raw.affine : null,
  };
}

/** A slope of 0 means that there is no scaling (nifti1.h, scl_slope). */
function scaling({ scl_slope, scl_inter }: NIFTI1 | NIFTI2): { slope: number; intercept: number } {
  return Number.isFinite(scl_slope) && scl_slope !== 0 ? { slope: scl_slope, intercept: scl_inter || 0 } : { slope: 1, intercept: 0 };
}

/** The first `length` bytes, unpacked where the file is packed; fewer where it ends before. No more is read or unpacked than asked for. */
async function readInflated(root: string, path: string, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const first = await readBytes(root, path, 2);
  const packed = GZIP.every((byte, i) => first[i] === byte);
  const file = createReadStream(join(root, path));
  const stream = packed ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => stream.destroy(error));
  const out = new Uint8Array(length);
  let filled = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const part = chunk.subarray(0, length - filled);
      out.set(part, filled);
      filled += part.length;
      if (filled === length) break;
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw new UnreadableError(path, 'the gzip data is truncated or damaged', { cause });
    throw explain(cause, path);
  } finally {
    file.destroy();
  }
  return filled === length ? out : out.slice(0, filled);
}
