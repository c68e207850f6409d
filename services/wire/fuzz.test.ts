import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { aHello, aWork } from './a-federation.ts';
import { roundingRandom } from './codecs/rounding.ts';
import { compress, decompress } from './codecs/zstd.ts';
import { ConditionsAssembly } from './conditions.ts';
import { ControlAssembly } from './control.ts';
import { isOf } from './correspondence.ts';
import { crc32c } from './crc32c.ts';
import { type Envelope, openEnvelope } from './envelope.ts';
import { WireError } from './errors.ts';
import { DEFAULT_LIMITS, type WireLimits } from './limits.ts';
import { readHello, readWelcome } from './membership.ts';
import { PROTOCOL } from './messages.ts';
import { readClasses, readFloats, readJson } from './sections.ts';
import { readFeedback, readWork } from './training.ts';

/** Under a minute's worth; ASYNDGAN_FUZZ=20000 for a second's. */
const ENVELOPES = Number(process.env['ASYNDGAN_FUZZ'] ?? 1_000_000);

/** Small, so that an allocation that ignores them stands out. */
const LIMITS: WireLimits = {
  ...DEFAULT_LIMITS,
  ...{ maxMessageBytes: 2 ** 16, maxHeaderBytes: 2 ** 14, maxElements: 2 ** 14, maxJsonBytes: 2 ** 14 },
  ...{ maxConditionElements: 2 ** 14, maxWeightElements: 2 ** 14 },
};
const MOST_BYTES = 4 * 2 ** 14;

/** Values that break careless readers of a header. */
const NASTY: readonly unknown[] = [
  ...[0, -1, 1, 0.5, 255, 2 ** 14, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER, 1e300, '', 'x', '__proto__', 'x'.repeat(3000)],
  ...[
    null,
    true,
    [],
    {},
    [0],
    [1],
    [2 ** 14],
    [2 ** 31, 2 ** 31],
    Array(9).fill(1),
    'Int8',
    'Float16',
    'RunLength',
    'Json',
    'zstd',
    'none',
  ],
];

interface Header {
  tensors: { compression: string; bytes: number; uncompressedBytes: number; crc32c: number }[];
}

const originals = (
  JSON.parse(readFileSync(new URL('../../test/wire/golden.fixture.json', import.meta.url), 'utf8')) as { name: string; hex: string }[]
).map(({ name, hex }) => ({ name, bytes: new Uint8Array(Buffer.from(hex, 'hex')) }));

test(`${ENVELOPES} damaged envelopes - each ends in a WireError or in a message, and none takes more memory than the limits allow`, () => {
  const random = roundingRandom('fuzz');
  const outcomes = { messages: 0, refused: new Map<string, number>() };
  for (const { bytes } of originals) read(bytes);
  const allocations = watchAllocations();
  try {
    for (let i = 0; i < ENVELOPES; i++) {
      const { name, bytes } = pick(originals, random);
      const damaged = damage(bytes, random);
      try {
        allocations.during(() => read(damaged));
        outcomes.messages++;
      } catch (error) {
        const where = `envelope ${i}, from ${name}: ${Buffer.from(damaged).toString('base64')}`;
        assert.ok(error instanceof WireError, `${error instanceof Error ? error.stack : error}\n${where}`);
        outcomes.refused.set(error.code, (outcomes.refused.get(error.code) ?? 0) + 1);
      }
      assert.ok(allocations.largest() <= MOST_BYTES, `${allocations.largest()} bytes were taken for envelope ${i}`);
    }
  } finally {
    allocations.stop();
  }
  for (const code of ['WIRE_HEADER', 'WIRE_BOUNDS', 'WIRE_CRC', 'WIRE_ENCODING', 'WIRE_MISMATCH', 'WIRE_VERSION', 'WIRE_NOT_FINITE']) {
    assert.ok((outcomes.refused.get(code) ?? 0) > 0, `no envelope got as far as ${code}: ${JSON.stringify([...outcomes.refused])}`);
  }
  assert.ok(outcomes.messages > ENVELOPES / 100);
});

/** As the receiving end of each type of message does. */
function read(bytes: Uint8Array): void {
  const envelope = openEnvelope(bytes, LIMITS, PROTOCOL) as Envelope;
  const { manifest } = aHello();
  if (isOf(envelope, 'hello')) readHello(envelope);
  else if (isOf(envelope, 'welcome')) readWelcome(envelope, aHello());
  else if (isOf(envelope, 'conditions'))
    new ConditionsAssembly({ ...manifest, size: envelope.header.size, classes: 256 }, LIMITS).add(envelope);
  else if (isOf(envelope, 'control')) new ControlAssembly(LIMITS).add(envelope);
  else if (isOf(envelope, 'work')) readWork(envelope, codecOf(envelope) as 'UInt8', envelope.sections[0]?.header.shape[3] ?? 3);
  else if (isOf(envelope, 'feedback')) readGradient(envelope);
  for (const section of envelope.sections) {
    if (section.header.dtype === 'float32') readFloats(section);
    else if (section.header.dtype === 'uint8') readClasses(section);
    else readJson(section);
  }
}

function readGradient(envelope: Envelope<'feedback'>): void {
  const { iteration, generatorVersion } = envelope.header;
  const shape = envelope.sections[0]?.header.shape ?? [];
  const asked = { ...aWork(iteration, { generatorVersion }), fakes: { shape, data: new Float32Array(0) } };
  readFeedback(envelope, asked, codecOf(envelope) as 'Float16');
}

function codecOf(envelope: Envelope): string {
  return envelope.sections[0]?.header.encoding ?? '';
}

function damage(original: Uint8Array, random: () => number): Uint8Array {
  const way = Math.floor(random() * 4);
  if (way === 0) return bytesChanged(original, 1 + Math.floor(random() * 8), random);
  if (way === 1) return resized(original, random);
  return way === 2 ? fieldChanged(original, random) : sectionChanged(original, random);
}

function bytesChanged(original: Uint8Array, count: number, random: () => number): Uint8Array {
  const bytes = original.slice();
  for (let i = 0; i < count && bytes.length > 0; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}

function resized(original: Uint8Array, random: () => number): Uint8Array {
  const bytes = new Uint8Array(Math.floor(random() * (original.length + 64)));
  bytes.set(original.subarray(0, bytes.length));
  return bytes;
}

/** One field of the header gets another value; the message is whole otherwise. */
function fieldChanged(original: Uint8Array, random: () => number): Uint8Array {
  const { header, body } = taken(original);
  const { holder, key } = pick(placesIn(header as unknown as Record<string, unknown>), random);
  holder[key] = random() < 0.5 ? pick(NASTY, random) : Number(holder[key]) + pick([-1, 1, 8, 2 ** 20], random);
  return assembled(header, body);
}

/** A section's bytes change and its checksum with them, so that they get as far as the decoder. */
function sectionChanged(original: Uint8Array, random: () => number): Uint8Array {
  const { header, body } = taken(original);
  const tensor = pick(header.tensors, random);
  if (!tensor) return fieldChanged(original, random);
  const from = header.tensors.slice(0, header.tensors.indexOf(tensor)).reduce((sum, { bytes }) => sum + bytes, 0);
  const stored = body.subarray(from, from + tensor.bytes);
  const changed = random() < 0.5 ? bytesChanged(stored, 2, random) : recoded(stored, tensor, random);
  const { length } = changed;
  Object.assign(tensor, { crc32c: crc32c(changed), bytes: length });
  if (tensor.compression === 'none') tensor.uncompressedBytes = length;
  return assembled(header, Buffer.concat([body.subarray(0, from), changed, body.subarray(from + stored.length)]));
}

/** Another plain content, compressed or not: also one that is much longer than the header says. */
function recoded(stored: Uint8Array, tensor: Header['tensors'][number], random: () => number): Uint8Array {
  const plain = tensor.compression === 'zstd' ? decompress(stored, tensor.uncompressedBytes) : stored;
  const bomb = random() < 0.2 ? new Uint8Array(2 ** 17) : bytesChanged(plain, 2, random);
  const packed = compress(bomb);
  tensor.compression = packed ? 'zstd' : 'none';
  return packed ?? bomb;
}

function taken(bytes: Uint8Array): { header: Header; body: Uint8Array } {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, body: bytes.slice(Math.ceil((4 + length) / 8) * 8) };
}

function assembled(header: Header, body: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(Math.ceil((4 + json.length) / 8) * 8 + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(body, bytes.length - body.length);
  return bytes;
}

function placesIn(value: Record<string, unknown>): { holder: Record<string, unknown>; key: string }[] {
  return Object.entries(value).flatMap(([key, child]) => {
    const inner = child !== null && typeof child === 'object' ? placesIn(child as Record<string, unknown>) : [];
    return [{ holder: value, key }, ...inner];
  });
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Notes the largest buffer that JavaScript code makes during an action. */
function watchAllocations(): { during(action: () => void): void; largest(): number; stop(): void } {
  let most = 0;
  let watching = false;
  const scope = globalThis as unknown as Record<string, new (...args: unknown[]) => ArrayBufferView | ArrayBuffer>;
  const names = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Float16Array', 'Float32Array'];
  const real = names.map((name) => scope[name]!);
  names.forEach((name, i) => {
    scope[name] = new Proxy(real[i]!, {
      construct: (target, args, newTarget) => {
        const made = Reflect.construct(target, args, newTarget);
        if (watching) most = Math.max(most, made.byteLength);
        return made;
      },
    });
  });
  return {
    during: (action) => {
      watching = true;
      try {
        action();
      } finally {
        watching = false;
      }
    },
    largest: () => most,
    stop: () => {
      names.forEach((name, i) => {
        scope[name] = real[i]!;
      });
    },
  };
}
