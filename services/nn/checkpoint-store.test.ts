import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { StateMismatchError } from './errors.ts';

const root = await mkdtemp(join(tmpdir(), 'checkpoint-store-'));
after(() => rm(root, { recursive: true }));

const at = (iteration: number, experimentDigest = 'digest'): Checkpoint => ({
  party: 'hub',
  iteration,
  experimentDigest,
  seed: 1,
  state: new Map([['w', { shape: [2], data: Float32Array.of(iteration, -iteration) }]]),
});

async function storeWith(name: string, ...iterations: number[]): Promise<CheckpointStore> {
  const store = new CheckpointStore(join(root, name));
  for (const iteration of iterations) await store.save(at(iteration));
  return store;
}

const unexpected = (error: Error) => assert.fail(error.message);

test('checkpoint store - keeps the newest three, in a folder that it makes', async () => {
  const store = await storeWith('kept', 50, 100, 150, 200, 1000);
  assert.deepEqual((await readdir(store.directory)).sort(), ['00000150.ckpt', '00000200.ckpt', '00001000.ckpt']);
  assert.deepEqual(await store.usable('digest', unexpected), [150, 200, 1000]);
  assert.deepEqual(await store.load(200, 'digest'), at(200));
});

test('checkpoint store - saving an iteration again replaces it', async () => {
  const store = await storeWith('again', 50, 100, 50);
  await store.save({ ...at(50), party: 'other' });
  assert.deepEqual(await store.usable('digest', unexpected), [50, 100]);
  assert.equal((await store.load(50, 'digest')).party, 'other');
});

test('checkpoint store - what was just saved is kept, also when a run that has gone back left later ones', async () => {
  const store = await storeWith('gone-back', 100, 150, 200, 25, 50);
  assert.deepEqual(await store.usable('digest', unexpected), [25, 50, 100, 150, 200]);
  await store.save(at(200));
  assert.deepEqual(await store.usable('digest', unexpected), [100, 150, 200]);
});

test('checkpoint store - going back removes what was kept later, and nothing else', async () => {
  const store = await storeWith('back', 3, 6, 9);
  await store.discardAfter(6);
  assert.deepEqual(await store.held(), [3, 6]);
  await store.discardAfter(6);
  assert.deepEqual(await store.usable('digest', unexpected), [3, 6]);
});

test('checkpoint store - a damaged newest file is reported by name and the one before is usable', async () => {
  const store = await storeWith('damaged', 50, 100, 150);
  await truncate(store.fileOf(150), 40);
  const reported: string[] = [];
  assert.deepEqual(await store.usable('digest', ({ message }) => reported.push(message)), [50, 100]);
  assert.equal(reported.length, 1);
  assert.ok(reported[0]!.includes(store.fileOf(150)));
  await assert.rejects(store.load(150, 'digest'), { code: 'NN_CHECKPOINT_DAMAGED' });
});

test('checkpoint store - a checkpoint of another experiment is an error, not something to skip', async () => {
  const store = await storeWith('foreign', 50);
  await store.save(at(100, 'other'));
  await assert.rejects(store.usable('digest', unexpected), StateMismatchError);
  await assert.rejects(store.load(100, 'digest'), StateMismatchError);
});

test('checkpoint store - other files in the folder are neither read nor removed', async () => {
  const store = await storeWith('others', 50);
  const others = ['notes.txt', '00000060.ckpt.tmp-1', '60.ckpt', '00000070.ckpt.bak'];
  for (const name of others) await writeFile(join(store.directory, name), 'mine');
  for (const iteration of [100, 150, 200]) await store.save(at(iteration));
  assert.deepEqual(await store.usable('digest', unexpected), [100, 150, 200]);
  for (const name of others) assert.equal(await readFile(join(store.directory, name), 'utf8'), 'mine');
});

test('checkpoint store - a folder that is not there holds nothing', async () => {
  assert.deepEqual(await new CheckpointStore(join(root, 'none')).usable('digest', unexpected), []);
});
