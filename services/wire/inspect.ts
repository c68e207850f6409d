import { openEnvelope } from './envelope.ts';
import { WireError } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PROTOCOL, type ProtocolVersion } from './messages.ts';
import { readClasses, readFloats, readJson, type Section, type SectionHeader } from './sections.ts';

/** What is in an envelope, for people. */
export interface EnvelopeDescription {
  readonly type: string;
  readonly protocol: ProtocolVersion;
  readonly run: string;
  readonly site: string;
  readonly epoch: number;
  readonly bytes: number;
  /** the header's other fields, as they are */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tensors: readonly TensorDescription[];
}

export interface TensorDescription extends SectionHeader {
  /** uncompressed float32 bytes (or elements) for each byte on the wire */
  readonly ratio: number;
  /** value range and mean of a decoded tensor; absent for JSON and where `problem` says why it cannot be decoded */
  readonly values?: { readonly min: number; readonly max: number; readonly mean: number };
  readonly problem?: string;
}

/** Describes one message. Throws a WireError when it has no readable header; a damaged tensor is described with its problem. */
export function inspectEnvelope(bytes: Uint8Array): EnvelopeDescription {
  const { header, sections } = openEnvelope(bytes, DEFAULT_LIMITS, PROTOCOL);
  const { type, protocol, run, site, epoch, tensors: _tensors, ...fields } = header;
  return { type, protocol, run, site, epoch, bytes: bytes.length, fields, tensors: sections.map(describe) };
}

function describe(section: Section): TensorDescription {
  const { header } = section;
  const plainBytes = header.shape.reduce((product, side) => product * side, header.dtype === 'float32' ? 4 : 1);
  const ratio = (header.dtype === 'json' ? header.uncompressedBytes : plainBytes) / header.bytes;
  try {
    const values = decode(section);
    return { ...header, ratio, ...(values && { values: range(values) }) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ...header, ratio, problem: `${error.code}: ${error.message}` };
  }
}

function decode(section: Section): Float32Array | Uint8Array | null {
  if (section.header.dtype === 'float32') return readFloats(section).data;
  if (section.header.dtype === 'uint8') return readClasses(section).classes;
  readJson(section);
  return null;
}

function range(values: Float32Array | Uint8Array): { min: number; max: number; mean: number } {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, max, mean: sum / values.length };
}
