import { WireBoundsError, WireHeaderError, WireVersionError } from './errors.ts';
import { type Header, type HeaderOf, type MessageType, parseHeader } from './headers.ts';
import type { WireLimits } from './limits.ts';
import type { ProtocolVersion } from './messages.ts';
import { checkSection, elementsOf, type Section, type SectionHeader } from './sections.ts';

/** One message: a checked header and its sections, whose bytes are checked when they are read. */
export type Envelope<T extends MessageType = MessageType> = T extends MessageType
  ? { readonly header: HeaderOf<T>; readonly sections: readonly Section[] }
  : never;

/** A message before it is sealed: what its type needs beside the frame, and its sections. */
export interface Draft {
  readonly fields: Fields<Header>;
  readonly sections: readonly Section[];
}

/** Says whose message it is; the same for all types. */
export interface Frame {
  readonly protocol: ProtocolVersion;
  readonly run: string;
  /** the site that sends or receives */
  readonly site: string;
  /** hub epoch */
  readonly epoch: number;
}

type Fields<H> = H extends Header ? Omit<H, keyof Frame | 'tensors'> : never;

/** `u32 header length, JSON header, zeros up to a multiple of 8, section bytes`, little-endian. Throws WireBoundsError and WireHeaderError. */
export function packEnvelope(frame: Frame, { fields, sections }: Draft, limits: WireLimits): Uint8Array<ArrayBuffer> {
  const tensors = sections.map((section) => section.header);
  checkTensors(tensors, limits);
  const json = new TextEncoder().encode(JSON.stringify(parseHeader({ ...frame, ...fields, tensors })));
  if (json.length > limits.maxHeaderBytes) {
    throw new WireBoundsError(
      `a ${fields.type} header of ${json.length} bytes is over ${limits.maxHeaderBytes}: a smaller batch is needed`,
    );
  }
  const start = bodyStart(json.length);
  const bytes = new Uint8Array(checkTotal(start + sum(tensors.map((tensor) => tensor.bytes)), limits));
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  placeSections(tensors, start).forEach(({ from }, i) => {
    bytes.set(sections[i]!.bytes, from);
  });
  return bytes;
}

/** Everything about the message that can be checked without decoding its sections. Throws a WireError; takes memory for the header only. */
export function openEnvelope(bytes: Uint8Array, limits: WireLimits, ours: ProtocolVersion): Envelope {
  checkTotal(bytes.length, limits);
  const { json, start } = readHeaderJson(bytes, limits);
  requireMajor(json, ours);
  const header = parseHeader(json);
  checkTensors(header.tensors, limits);
  const total = start + sum(header.tensors.map((tensor) => tensor.bytes));
  if (bytes.length !== total) throw new WireBoundsError(`the message has ${bytes.length} bytes, its header describes ${total}`);
  const sections = placeSections(header.tensors, start).map(({ from, to }, i) => ({
    header: header.tensors[i]!,
    bytes: bytes.subarray(from, to),
  }));
  return { header, sections } as Envelope;
}

/** Throws WireHeaderError when the message has no such section. */
export function sectionOf<T extends MessageType>({ header, sections }: Envelope<T>, name: string): Section {
  const found = sections.find((section) => section.header.name === name);
  if (!found) throw new WireHeaderError(`a ${header.type} message needs a section ${name}`);
  return found;
}

function readHeaderJson(bytes: Uint8Array, limits: WireLimits): { json: unknown; start: number } {
  if (bytes.length < 4) throw new WireBoundsError(`a message of ${bytes.length} bytes has no header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > limits.maxHeaderBytes) throw new WireBoundsError(`a header of ${length} bytes is over ${limits.maxHeaderBytes}`);
  const start = bodyStart(length);
  if (start > bytes.length) throw new WireBoundsError(`the message has ${bytes.length} bytes, its header alone needs ${start}`);
  if (bytes.subarray(4 + length, start).some((byte) => byte !== 0)) throw new WireHeaderError('the padding after the header is not zero');
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length))), start };
  } catch (cause) {
    throw new WireHeaderError('the header is not JSON', { cause });
  }
}

/** Before anything else of the header is read: another major version may look different altogether. */
function requireMajor(json: unknown, ours: ProtocolVersion): void {
  const theirs = (json as { protocol?: Partial<ProtocolVersion> } | null)?.protocol;
  if (!Number.isSafeInteger(theirs?.major)) throw new WireHeaderError('header field protocol.major: a version number is needed');
  if (theirs?.major !== ours.major) throw new WireVersionError({ major: theirs?.major ?? 0, minor: Number(theirs?.minor ?? 0) }, ours);
}

function checkTensors(tensors: readonly SectionHeader[], limits: WireLimits): void {
  if (tensors.length > limits.maxTensors)
    throw new WireBoundsError(`${tensors.length} tensors are over ${limits.maxTensors} in one message`);
  if (new Set(tensors.map((tensor) => tensor.name)).size < tensors.length) throw new WireHeaderError('two tensors have the same name');
  for (const tensor of tensors) checkSection(tensor, limits);
  const elements = sum(tensors.map((tensor) => elementsOf(tensor.shape)));
  if (elements > limits.maxElements) throw new WireBoundsError(`${elements} elements are over ${limits.maxElements} in one message`);
}

function checkTotal(bytes: number, limits: WireLimits): number {
  if (bytes <= limits.maxMessageBytes) return bytes;
  throw new WireBoundsError(`a message of ${bytes} bytes is over ${limits.maxMessageBytes}: a smaller batch or a smaller codec is needed`);
}

function placeSections(tensors: readonly SectionHeader[], start: number): { from: number; to: number }[] {
  let to = start;
  return tensors.map((tensor) => {
    const from = to;
    to += tensor.bytes;
    return { from, to };
  });
}

function bodyStart(headerBytes: number): number {
  return Math.ceil((4 + headerBytes) / 8) * 8;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
