import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { CheckpointDamagedError } from './errors.ts';

const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
after(() => rm(directory, { recursive: true }));

const sample: Checkpoint = {
  party: 'hub',
  iteration: 50,
  experimentDigest: 'sha256-00ff',
  seed: 3,
  state: new Map([
    ['generator/stem/weight', { shape: [2, 3], data: Float32Array.of(1, -2, 0.1, 1e-40, -0, 3e38) }],
    ['généré', { shape: [], data: Float32Array.of(Number.NaN) }],
    ['empty', { shape: [0], data: new Float32Array() }],
  ]),
};
const refused = (bytes: Buffer, why: RegExp) =>
  assert.throws(
    () => decodeCheckpoint(bytes, 'x.ckpt'),
    (error: Error) => error instanceof CheckpointDamagedError && error.message.includes('x.ckpt') && why.test(error.message),
  );
const signed = (body: Buffer) => Buffer.concat([body, createHash('sha256').update(body).digest()]);

test('checkpoint - what is written is read again, bit for bit', () => {
  const plain = { noNullPrototype: true } as const;
  const tensor = fc.record(
    { shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), offset: fc.integer({ min: 0, max: 3 }), seed: fc.integer() },
    plain,
  );
  const state = fc.dictionary(fc.string(), tensor).map((tensors) => {
    // Views into larger buffers too: only their own part counts.
    const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i));
    const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    return new Map(
      Object.entries(tensors).map(([name, { shape, offset, seed }]) => [
        name,
        { shape, data: values(offset + size(shape), seed).subarray(offset) },
      ]),
    );
  });
  const checkpoints = fc.record(
    { party: fc.string({ unit: 'binary' }), iteration: fc.nat(), experimentDigest: fc.string(), seed: fc.nat(), state },
    plain,
  );
  fc.assert(
    fc.property(checkpoints, (checkpoint) => assert.deepEqual(decodeCheckpoint(encodeCheckpoint(checkpoint), 'x'), checkpoint)),
    { seed: 1 },
  );
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(sample), 'x'), sample);
});

test('checkpoint - the data begin at a multiple of 8 and are little-endian float32', () => {
  const bytes = encodeCheckpoint({ ...sample, state: new Map([['w', { shape: [2], data: Float32Array.of(1, -2) }]]) });
  const header = bytes.readUInt32LE(8);
  const start = Math.ceil((12 + header) / 8) * 8;
  assert.deepEqual([bytes.readFloatLE(start), bytes.readFloatLE(start + 4), bytes.length], [1, -2, start + 8 + 32]);
});

test('checkpoint - cut short anywhere it is refused', () => {
  const bytes = encodeCheckpoint(sample);
  for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /another format|cut short or changed/);
});

test('checkpoint - with one bit flipped anywhere, or a byte more, it is refused', () => {
  const bytes = encodeCheckpoint(sample);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    refused(changed, /another format|cut short or changed/);
  }
  refused(Buffer.concat([bytes, Buffer.alloc(1)]), /cut short or changed/);
});

test('checkpoint - another schema is refused by name', () => {
  const body = Buffer.from(
    encodeCheckpoint(sample).subarray(0, -32).toString('latin1').replace('checkpoint/v1', 'checkpoint/v2'),
    'latin1',
  );
  refused(signed(body), /asyndgan\.io\/checkpoint\/v2, this version reads asyndgan\.io\/checkpoint\/v1/);
});

test('checkpoint - tensors that reach beyond the file are refused even where its digest is right', () => {
  const body = Buffer.from(
    encodeCheckpoint(sample).subarray(0, -32).toString('latin1').replace('"shape":[2,3]', '"shape":[9,9]'),
    'latin1',
  );
  refused(signed(body), /'generator\/stem\/weight' lies outside/);
});

test('checkpoint - a file that is not there or cannot be read is named', async () => {
  await assert.rejects(readCheckpoint(join(directory, 'none.ckpt')), {
    code: 'NN_CHECKPOINT_DAMAGED',
    message: /none\.ckpt .*there is no such file/,
  });
  await assert.rejects(readCheckpoint(directory), { code: 'NN_CHECKPOINT_DAMAGED', message: /EISDIR/ });
});

test('checkpoint - a write that fails leaves nothing behind', async () => {
  const folder = await mkdtemp(join(directory, 'failing-'));
  await mkdir(join(folder, 'taken.ckpt', 'inside'), { recursive: true });
  await assert.rejects(writeCheckpoint(join(folder, 'taken.ckpt'), sample));
  assert.deepEqual(await readdir(folder), ['taken.ckpt']);
  await assert.rejects(writeCheckpoint(join(folder, 'missing', 'x.ckpt'), sample), { code: 'ENOENT' });
});

test('checkpoint - a process that is killed while it writes leaves a whole file', async () => {
  const file = join(directory, 'killed.ckpt');
  const module = new URL('checkpoint.ts', import.meta.url).href;
  const program = `
    import { writeCheckpoint } from ${JSON.stringify(module)};
    const data = new Float32Array(500_000);
    for (let iteration = 1; ; iteration++) {
      await writeCheckpoint(${JSON.stringify(file)}, { party: 'hub', iteration, experimentDigest: '', seed: 1, state: new Map([['w', { shape: [data.length], data: data.fill(iteration) }]]) });
      if (iteration === 1) process.stdout.write('going');
    }`;
  for (const delay of [0, 7, 19, 31, 53]) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await wait(delay);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { iteration, state } = await readCheckpoint(file);
    assert.ok(iteration >= 1 && state.get('w')!.data.every((value) => value === iteration));
  }
});

test('checkpoint - is written under its final name only', async () => {
  const folder = await mkdtemp(join(directory, 'final-'));
  await writeFile(join(folder, 'a.ckpt'), 'old');
  await writeCheckpoint(join(folder, 'a.ckpt'), sample);
  assert.deepEqual(await readdir(folder), ['a.ckpt']);
  assert.deepEqual(await readFile(join(folder, 'a.ckpt')), encodeCheckpoint(sample));
});
