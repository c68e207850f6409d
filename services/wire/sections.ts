import { requireFinite } from './codecs/finite.ts';
import { decodeFloat16, encodeFloat16 } from './codecs/float16.ts';
import { decodeFloat32, encodeFloat32 } from './codecs/float32.ts';
import { decodeInt8, encodeInt8, int8Bytes } from './codecs/int8.ts';
import { fromResiduals, residuals } from './codecs/prediction.ts';
import { decodeRuns, encodeRuns } from './codecs/run-length.ts';
import { decodeUInt8, encodeUInt8 } from './codecs/uint8.ts';
import { compress, decompress } from './codecs/zstd.ts';
import { crc32c } from './crc32c.ts';
import { WireBoundsError, WireCrcError, WireError, WireHeaderError } from './errors.ts';
import type { WireLimits } from './limits.ts';
import type { FeedbackCodec, ImageCodec, TensorValue } from './messages.ts';

export type FloatEncoding = ImageCodec | FeedbackCodec;

/** What the header says of one section of the envelope's body. */
export interface SectionHeader {
  readonly name: string;
  readonly dtype: 'float32' | 'uint8' | 'json';
  readonly shape: readonly number[];
  readonly encoding: FloatEncoding | 'RunLength' | 'Json';
  /** Float16 only: the values were multiplied by 2^scale */
  readonly scale?: number | undefined;
  readonly compression: 'none' | 'zstd';
  /** of the bytes as they lie in the envelope */
  readonly crc32c: number;
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

/** A section's header with its bytes as they lie in the envelope. */
export interface Section {
  readonly header: SectionHeader;
  readonly bytes: Uint8Array;
}

/** Throws WireNotFiniteError on NaN and infinity. `random` is for Int8, which rounds to nearest without it. */
export function floatSection(name: string, tensor: TensorValue, encoding: FloatEncoding, random = () => 0.5): Section {
  const elements = elementsOf(tensor.shape);
  if (tensor.data.length !== elements) {
    throw new WireBoundsError(`tensor ${name} has ${tensor.data.length} values, its shape [${tensor.shape}] needs ${elements}`);
  }
  requireFinite(tensor.data, `tensor ${name}`);
  const plain = { name, dtype: 'float32', shape: tensor.shape, encoding } as const;
  switch (encoding) {
    case 'UInt8':
      return seal(plain, residuals(encodeUInt8(tensor.data), tensor.shape));
    case 'Float32':
      return seal(plain, encodeFloat32(tensor.data));
    case 'Int8':
      return seal(plain, encodeInt8(tensor.data, tensor.shape, random));
    case 'Float16': {
      const { scale, bytes } = encodeFloat16(tensor.data);
      return seal({ ...plain, scale }, bytes);
    }
  }
}

export function classSection(name: string, shape: readonly number[], classes: Uint8Array): Section {
  if (classes.length !== elementsOf(shape)) throw new WireBoundsError(`${name} has ${classes.length} elements, its shape is [${shape}]`);
  return seal({ name, dtype: 'uint8', shape, encoding: 'RunLength' }, encodeRuns(classes));
}

export function jsonSection(name: string, value: unknown): Section {
  const bytes = new TextEncoder().encode(JSON.stringify(value ?? null));
  return seal({ name, dtype: 'json', shape: [1], encoding: 'Json' }, bytes);
}

/** The tensor of a float section; the array is its own. Throws WireNotFiniteError, WireCrcError and what damaged bytes deserve. */
export function readFloats({ header, bytes }: Section): TensorValue {
  const body = unseal(header, bytes);
  const data = decodeFloats(header, body);
  if (header.encoding !== 'UInt8') requireFinite(data, `tensor ${header.name}`);
  return { shape: header.shape, data };
}

export function readClasses({ header, bytes }: Section): { shape: readonly number[]; classes: Uint8Array } {
  requireEncoding(header, 'RunLength');
  return { shape: header.shape, classes: decodeRuns(unseal(header, bytes), elementsOf(header.shape)) };
}

export function readJson({ header, bytes }: Section): unknown {
  requireEncoding(header, 'Json');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(unseal(header, bytes)));
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    throw new WireHeaderError(`section ${header.name} is not JSON`, { cause });
  }
}

/** Throws where the header contradicts itself (WireHeaderError, WireBoundsError) or a limit: called before any memory is taken for a section. */
export function checkSection(header: SectionHeader, limits: WireLimits): void {
  const { name, dtype, encoding, scale } = header;
  if (dtype !== dtypeOf(encoding)) throw new WireHeaderError(`section ${name} is ${dtype}, but ${encoding} holds ${dtypeOf(encoding)}`);
  if ((scale === undefined) === (encoding === 'Float16')) throw new WireHeaderError(`section ${name}: Float16, and only it, has a scale`);
  const what = `section ${name} of shape [${header.shape}]`;
  const [least, most] = bodyBytes(header, elementsOf(header.shape), limits);
  const body = header.uncompressedBytes;
  if (body < least || body > most) throw new WireBoundsError(`${what} says ${body} bytes, its encoding needs ${least} to ${most}`);
  const stored = header.compression === 'none' ? body : Math.min(header.bytes, body);
  if (header.bytes !== stored) throw new WireBoundsError(`${what} says ${header.bytes} bytes for ${body} uncompressed ones`);
}

/** Product of a shape; Infinity on overflow, never a wrong small number. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function seal(plain: Omit<SectionHeader, 'compression' | 'crc32c' | 'bytes' | 'uncompressedBytes'>, body: Uint8Array): Section {
  const frame = compress(body);
  const bytes = frame ?? body;
  const compression = frame ? 'zstd' : 'none';
  return { header: { ...plain, compression, crc32c: crc32c(bytes), bytes: bytes.length, uncompressedBytes: body.length }, bytes };
}

function unseal(header: SectionHeader, bytes: Uint8Array): Uint8Array {
  const actual = crc32c(bytes);
  if (actual !== header.crc32c) throw new WireCrcError(header.name, header.crc32c, actual);
  return header.compression === 'zstd' ? decompress(bytes, header.uncompressedBytes) : bytes;
}

function decodeFloats(header: SectionHeader, body: Uint8Array): Float32Array {
  switch (header.encoding) {
    case 'UInt8':
      return decodeUInt8(fromResiduals(body, header.shape));
    case 'Float16':
      return decodeFloat16(body, header.scale ?? 0);
    case 'Int8':
      return decodeInt8(body, header.shape);
    case 'Float32':
      return decodeFloat32(body);
    default:
      throw new WireHeaderError(`section ${header.name} is ${header.encoding}, a float tensor was expected`);
  }
}

function requireEncoding(header: SectionHeader, encoding: 'RunLength' | 'Json'): void {
  if (header.encoding !== encoding) throw new WireHeaderError(`section ${header.name} is ${header.encoding}, ${encoding} was expected`);
}

function dtypeOf(encoding: SectionHeader['encoding']): SectionHeader['dtype'] {
  if (encoding === 'RunLength') return 'uint8';
  return encoding === 'Json' ? 'json' : 'float32';
}

/** Least and most bytes that a section may have before compression. */
function bodyBytes(header: SectionHeader, elements: number, limits: WireLimits): readonly [number, number] {
  switch (header.encoding) {
    case 'UInt8':
      return [elements, elements];
    case 'Float16':
      return [2 * elements, 2 * elements];
    case 'Float32':
      return [4 * elements, 4 * elements];
    case 'Int8':
      return [int8Bytes(header.shape), int8Bytes(header.shape)];
    case 'RunLength':
      return [2, 2 * elements];
    case 'Json':
      return [1, limits.maxJsonBytes];
  }
}
