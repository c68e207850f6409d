import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WeightsFileError } from './errors.ts';
import { readSafetensors } from './safetensors.ts';

const directory = await mkdtemp(join(tmpdir(), 'safetensors-'));
after(() => rm(directory, { recursive: true }));

const data = Float32Array.of(1, 2, 3, 4, 5, 6, 0.5);
const header = {
  __metadata__: { format: 'pt' },
  'features.0.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  bias: { dtype: 'F32', shape: [], data_offsets: [24, 28] },
};

function encode(header: unknown, length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.from(data.buffer)]);
}

async function read(bytes: Buffer) {
  const file = join(directory, 'weights.safetensors');
  await writeFile(file, bytes);
  return readSafetensors(file);
}

const refused = (bytes: Buffer, why: RegExp) =>
  assert.rejects(
    read(bytes),
    (error: Error) => error instanceof WeightsFileError && error.message.includes('weights.safetensors') && why.test(error.message),
  );

test('safetensors - names, shapes and values are read, metadata is not', async () => {
  assert.deepEqual(
    await read(encode(header)),
    new Map([
      ['features.0.weight', { shape: [2, 3], data: data.slice(0, 6) }],
      ['bias', { shape: [], data: data.slice(6) }],
    ]),
  );
});

test('safetensors - cut short anywhere it is refused', async () => {
  const bytes = encode(header);
  for (let length = 0; length < bytes.length; length += 1)
    await refused(bytes.subarray(0, length), /cut short|header is damaged|lies outside/);
});

test('safetensors - a type other than float32 is refused by name', async () => {
  await refused(encode({ w: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } }), /'w' is F16/);
});

test('safetensors - a header that lies is refused', async () => {
  const entry = (change: object) => encode({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } });
  await refused(encode(header, 2n ** 63n), /cut short/);
  await refused(encode(header, 20n), /header is damaged/);
  await refused(encode('{"w":'), /header is damaged/);
  for (const other of [null, [1], { w: null }, { w: {} }]) await refused(encode(other), /header is damaged/);
  await refused(entry({ shape: [1.5] }), /header is damaged/);
  await refused(entry({ shape: '22' }), /header is damaged/);
  await refused(entry({ data_offsets: ['0', '8'] }), /header is damaged/);
  await refused(entry({ data_offsets: [0] }), /lies outside/);
  await refused(entry({ shape: [3] }), /lies outside/);
  await refused(entry({ data_offsets: [-8, 0] }), /lies outside/);
  await refused(entry({ data_offsets: [8, 0] }), /lies outside/);
  await refused(entry({ data_offsets: [24, 32] }), /lies outside/);
});

test('safetensors - a file that cannot be read is named', async () => {
  await assert.rejects(readSafetensors(join(directory, 'none')), { code: 'NN_WEIGHTS_FILE', message: /none cannot be used/ });
});
