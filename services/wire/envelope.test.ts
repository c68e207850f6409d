import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openEnvelope, packEnvelope } from './envelope.ts';
import { WireBoundsError, WireError, WireHeaderError, WireVersionError } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PROTOCOL } from './messages.ts';
import { classSection, floatSection, jsonSection, readClasses, readFloats, readJson, type Section } from './sections.ts';

const open = (bytes: Uint8Array, limits = DEFAULT_LIMITS) => openEnvelope(bytes, limits, PROTOCOL);

/** Envelopes written by test/wire/golden.py; `random`: not what this encoder would choose, so decoded only. */
interface Golden {
  readonly name: string;
  readonly hex: string;
  readonly random?: boolean;
  readonly sections: readonly {
    readonly floats?: number[];
    readonly encodes?: number[];
    readonly classes?: number[];
    readonly json?: unknown;
  }[];
}
const GOLDEN = JSON.parse(readFileSync(new URL('../../test/wire/golden.fixture.json', import.meta.url), 'utf8')) as Golden[];
const bytesOf = (name: string) => new Uint8Array(Buffer.from(GOLDEN.find((golden) => golden.name === name)!.hex, 'hex'));

for (const golden of GOLDEN) {
  test(`golden bytes - ${golden.name}: decoded as another implementation meant them`, () => {
    const { sections } = open(Buffer.from(golden.hex, 'hex'));
    assert.deepEqual(
      sections.map(decode),
      golden.sections.map(({ floats, classes, json }) => floats ?? classes ?? json),
    );
  });
  if (golden.random) continue;
  test(`golden bytes - ${golden.name}: encoded to the same bytes`, () => {
    const { header, sections } = open(Buffer.from(golden.hex, 'hex'));
    const { protocol, run, site, epoch, tensors: _tensors, ...fields } = header;
    const again = sections.map((section, i) => encode(section, golden.sections[i]!));
    assert.equal(
      Buffer.from(packEnvelope({ protocol, run, site, epoch }, { fields, sections: again }, DEFAULT_LIMITS)).toString('hex'),
      golden.hex,
    );
  });
}

test('another major version is refused, naming both versions, however its header looks', () => {
  const bytes = envelopeOf({ protocol: { major: 2, minor: 3 }, all: 'different' });
  assert.throws(
    () => open(bytes),
    (error) => error instanceof WireVersionError && /2\.3.*1\.0/.test(error.message),
  );
});

test('an unknown minor version and unknown fields are ignored', () => {
  const { header } = open(envelopeOf({ ...ack(), protocol: { major: 1, minor: 9 }, colour: 'blue', ['__proto__']: { polluted: true } }));
  assert.deepEqual(Object.keys(header), ['type', 'protocol', 'run', 'site', 'epoch', 'tensors']);
  assert.equal(header.protocol.minor, 9);
});

test('headers that are no headers are refused with the field that is wrong', () => {
  const cases: [unknown, RegExp][] = [
    [null, /protocol/],
    [[], /protocol/],
    [{ ...ack(), protocol: { major: '1' } }, /protocol/],
    [{ ...ack(), type: 'gossip' }, /type/],
    [{ ...ack(), run: 'Nuclei' }, /run/],
    [{ ...ack(), site: 'a.b' }, /site/],
    [{ ...ack(), epoch: -1 }, /epoch/],
    [{ ...ack(), epoch: 1.5 }, /epoch/],
    [{ ...ack(), epoch: 2 ** 60 }, /epoch/],
    [{ ...ack(), tensors: 'none' }, /tensors/],
  ];
  for (const [header, field] of cases) assert.throws(() => open(envelopeOf(header)), { name: 'WireHeaderError', message: field });
});

test('bytes that are no envelope are refused', () => {
  assert.throws(() => open(new Uint8Array(3)), WireBoundsError);
  assert.throws(() => open(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)), WireBoundsError);
  assert.throws(() => open(Uint8Array.of(4, 0, 0, 0, 123, 123, 123, 123)), WireHeaderError);
  assert.throws(() => open(Uint8Array.of(4, 0, 0, 0, 0xff, 0xfe, 0, 0)), WireHeaderError);
  const padded = GOLDEN.map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex'))).find((bytes) => (bytes[0]! + 4) % 8 !== 0)!;
  assert.throws(() => open(padded.with(4 + new DataView(padded.buffer).getUint32(0, true), 32)), { message: /padding/ });
});

test('a tensor that claims what it must not is refused before it is decoded', () => {
  const tensor = {
    name: 'x',
    dtype: 'float32',
    shape: [8],
    encoding: 'UInt8',
    compression: 'none',
    crc32c: 0,
    bytes: 8,
    uncompressedBytes: 8,
  };
  const cases: [string, object, number?][] = [
    ['more elements than the limit', { shape: [2 ** 20, 2 ** 20] }],
    [
      'a product that overflows',
      { shape: [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1] },
    ],
    ['a side of zero', { shape: [0] }],
    ['a broken side', { shape: [1.5] }],
    ['too many sides', { shape: Array(9).fill(1) }],
    ['fewer bytes than its shape needs', { uncompressedBytes: 7, bytes: 7 }, 7],
    ['more stored bytes than uncompressed ones', { compression: 'zstd', bytes: 9 }, 9],
    ['bytes that the message does not have', { bytes: 8 }, 7],
    ['fewer bytes than the message has', { bytes: 8 }, 9],
    ['another dtype than its encoding', { dtype: 'uint8' }],
    ['a scale that its encoding has not', { scale: 3 }],
    ['no scale where one is needed', { encoding: 'Float16', uncompressedBytes: 16, bytes: 16 }, 16],
    ['a scale beyond float32', { encoding: 'Float16', scale: 500, uncompressedBytes: 16, bytes: 16 }, 16],
    ['an encoding that nobody knows', { encoding: 'Float8' }],
    ['a checksum that is none', { crc32c: -1 }],
  ];
  for (const [what, change, body = 8] of cases) {
    const bytes = envelopeOf({ ...ack(), tensors: [{ ...tensor, ...change }] }, body);
    assert.throws(
      () => open(bytes),
      (error) => error instanceof WireBoundsError || error instanceof WireHeaderError,
      what,
    );
  }
  assert.equal(open(envelopeOf({ ...ack(), tensors: [tensor] }, 8)).sections.length, 1, 'the unchanged tensor passes');
});

test('limits hold for sender and receiver', () => {
  const frame = { protocol: PROTOCOL, run: 'r', site: 's', epoch: 0 };
  const pack = (sections: Section[], limits: object) =>
    packEnvelope(frame, { fields: { type: 'ack' }, sections }, { ...DEFAULT_LIMITS, ...limits });
  const four = { shape: [4], data: new Float32Array(4) };
  const two = [floatSection('a', four, 'UInt8'), floatSection('b', four, 'UInt8')];
  const bytes = pack(two, {});
  for (const limits of [{ maxTensors: 1 }, { maxElements: 7 }, { maxMessageBytes: bytes.length - 1 }, { maxHeaderBytes: 100 }]) {
    assert.throws(() => pack(two, limits), WireBoundsError, `sender ${JSON.stringify(limits)}`);
    assert.throws(() => open(bytes, { ...DEFAULT_LIMITS, ...limits }), WireBoundsError, `receiver ${JSON.stringify(limits)}`);
  }
  assert.throws(() => pack([jsonSection('j', 'x'.repeat(200))], { maxJsonBytes: 100 }), WireBoundsError);
  assert.throws(() => pack([two[0]!, two[0]!], {}), WireHeaderError, 'two tensors of one name');
});

test('every single flipped bit of a tensor is noticed', () => {
  const original = bytesOf('feedback, Float16');
  for (let bit = 0; bit < 16 * 8; bit++) {
    const bytes = original.slice();
    bytes[bytes.length - 16 + (bit >> 3)]! ^= 1 << (bit & 7);
    assert.throws(() => decode(open(bytes).sections[0]!), { code: 'WIRE_CRC' });
  }
});

test('every truncation is noticed', () => {
  const original = bytesOf('work, label maps made by the hub');
  for (let length = 0; length < original.length; length++) assert.throws(() => open(original.subarray(0, length)), WireError);
});

function decode(section: Section): unknown {
  if (section.header.dtype === 'float32') return Array.from(readFloats(section).data);
  return section.header.dtype === 'uint8' ? Array.from(readClasses(section).classes) : readJson(section);
}

function encode({ header }: Section, { floats, encodes, classes, json }: Golden['sections'][number]): Section {
  if (classes) return classSection(header.name, header.shape, Uint8Array.from(classes));
  if (!floats) return jsonSection(header.name, json);
  return floatSection(header.name, { shape: header.shape, data: Float32Array.from(encodes ?? floats) }, header.encoding as 'UInt8');
}

function ack(): Record<string, unknown> {
  return { type: 'ack', protocol: { major: 1, minor: 0 }, run: 'nuclei', site: 'hospital-a', epoch: 1, tensors: [] };
}

function envelopeOf(header: unknown, body: number | Uint8Array = 0): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const start = Math.ceil((4 + json.length) / 8) * 8;
  const content = typeof body === 'number' ? new Uint8Array(body) : body;
  const bytes = new Uint8Array(start + content.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(content, start);
  return bytes;
}
