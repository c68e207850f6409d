import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decode } from 'fast-png';
import { File, ready } from 'h5wasm/node';
import { ReleaseCardError, ReleaseDamagedError, ReleaseNotFoundError, ReleaseWriteError } from '../errors.ts';
import { readCard, recordScores } from './card.ts';
import { readRelease } from './reader.ts';
import { type ReleaseFacts, type ReleasePlan, ReleaseWriter, type SyntheticSample } from './writer.ts';

const SIZE = 16;

const PLAN: ReleasePlan = {
  image: { size: SIZE, channels: 3 },
  labels: { kind: 'Instances', classes: 3 },
  sites: [
    { name: 'north', masks: 'Shared' },
    { name: 'south', masks: 'Shared' },
  ],
};

const FACTS: ReleaseFacts = {
  experiment: 'nuclei',
  digest: 'a'.repeat(64),
  seed: 1,
  iterations: 400,
  generator: { checkpoint: 'b'.repeat(64) },
  created: '2026-01-02T03:04:05.000Z',
  versions: { asyndgan: '0.1.0' },
  privacy: { differentialPrivacy: false, pairedTerms: false, notes: ['No differential privacy.'] },
  scores: null,
};

function aSample(n: number, site: string): SyntheticSample {
  const image = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (i * 7 + n * 13) % 256);
  const labels = Int32Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE > 3 && i % SIZE < 9 ? 300 + n : 0));
  return { image, labels, site };
}

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'release-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'release');
}

const SAMPLES = [aSample(0, 'north'), aSample(1, 'south'), aSample(2, 'north')];

async function aRelease(t: TestContext, samples = SAMPLES, plan = PLAN): Promise<string> {
  const directory = await aFolder(t);
  const writer = await ReleaseWriter.create(directory, plan);
  for (const sample of samples) await writer.add(sample);
  await writer.finish(FACTS);
  return directory;
}

test('what was written is read: images, instances, training classes, sites', async (t) => {
  const release = await readRelease(await aRelease(t));
  const read = [...release.samples()];
  assert.deepEqual(
    read.map(({ image, instances, site }) => ({ image, labels: instances, site })),
    SAMPLES,
  );
  assert.deepEqual(new Set(read[0]!.classes), new Set([0, 1, 2]));
  assert.deepEqual([...release.samples()].length, 3);
});

test('the card counts the styles and keeps the facts', async (t) => {
  const card = await readCard(await aRelease(t));
  assert.deepEqual(card.sites, [
    { name: 'north', count: 2, masks: 'Shared' },
    { name: 'south', count: 1, masks: 'Shared' },
  ]);
  assert.equal(card.count, 3);
  assert.equal(card.files.count, 7);
  assert.equal(card.digest, FACTS.digest);
});

test('PNGs hold the same pixels, instance labels with 16 bits, under neutral names', async (t) => {
  const directory = await aRelease(t);
  assert.deepEqual((await readdir(join(directory, 'images'))).sort(), ['000000.png', '000001.png', '000002.png']);
  const image = decode(await readFile(join(directory, 'images/000001.png')));
  assert.deepEqual(new Uint8Array(image.data), SAMPLES[1]!.image);
  const labels = decode(await readFile(join(directory, 'labels/000001.png')));
  assert.equal(labels.depth, 16);
  assert.deepEqual(Int32Array.from(labels.data), SAMPLES[1]!.labels);
});

test('release.h5 has the documented datasets', async (t) => {
  const directory = await aRelease(t);
  await ready;
  const file = new File(join(directory, 'release.h5'), 'r');
  t.after(() => file.close());
  const shapeOf = (name: string) => (file.get(name) as unknown as { shape: number[] }).shape;
  assert.deepEqual(['images', 'labels', 'site'].map(shapeOf), [[3, SIZE, SIZE, 3], [3, SIZE, SIZE], [3]]);
  assert.deepEqual(file.get_attribute('sites', true), ['north', 'south']);
});

test("the listing has every file's SHA-256 in the format of sha256sum", async (t) => {
  const directory = await aRelease(t);
  const lines = (await readFile(join(directory, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  assert.equal(lines.length, 7);
  for (const line of lines) {
    const [, digest, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line)!;
    assert.equal(
      createHash('sha256')
        .update(await readFile(join(directory, name!)))
        .digest('hex'),
      digest,
    );
  }
});

test('class labels are stored with 8 bits and have no instances', async (t) => {
  const labels = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i % 4);
  const plan: ReleasePlan = { ...PLAN, image: { size: SIZE, channels: 1 }, labels: { kind: 'Classes', classes: 4 } };
  const directory = await aRelease(t, [{ image: labels, labels, site: 'north' }], plan);
  assert.equal(decode(await readFile(join(directory, 'labels/000000.png'))).depth, 8);
  const [sample] = [...(await readRelease(directory)).samples()];
  assert.deepEqual(sample, { image: labels, classes: labels, instances: null, site: 'north' });
});

test('an empty release is a release', async (t) => {
  const release = await readRelease(await aRelease(t, []));
  assert.deepEqual([...release.samples()], []);
});

test('scores are put into the card afterwards, and the release stays valid', async (t) => {
  const directory = await aRelease(t);
  const scores = { dice: 0.9, aji: 0.6, hd95: 4, sensitivity: 0.9, specificity: 0.95 };
  await recordScores(directory, scores);
  assert.deepEqual((await readRelease(directory)).card.scores, scores);
});

test('until finish there is no release, and abandon leaves nothing', async (t) => {
  const directory = await aFolder(t);
  const writer = await ReleaseWriter.create(directory, PLAN);
  await writer.add(SAMPLES[0]!);
  await assert.rejects(readRelease(directory), ReleaseNotFoundError);
  await writer.abandon();
  assert.deepEqual(await readdir(join(directory, '..')), []);
});

test('what a killed writer left is cleared, and an older release is replaced as a whole', async (t) => {
  const directory = await aRelease(t);
  const killed = await ReleaseWriter.create(directory, PLAN);
  for (const sample of SAMPLES) await killed.add(sample);
  const writer = await ReleaseWriter.create(directory, PLAN);
  await writer.add(SAMPLES[1]!);
  assert.equal((await readRelease(directory)).card.count, 3);
  await writer.finish(FACTS);
  assert.equal((await readRelease(directory)).card.count, 1);
  assert.deepEqual(await readdir(join(directory, '..')), ['release']);
});

test('a folder that cannot be made is one clear error', async (t) => {
  const directory = await aFolder(t);
  await writeFile(directory, '');
  await assert.rejects(ReleaseWriter.create(join(directory, 'release'), PLAN), ReleaseWriteError);
});

const DAMAGES: [string, (directory: string) => Promise<void>, RegExp][] = [
  ['a missing image', (d) => rm(join(d, 'images/000002.png')), /images\/000002\.png is missing/],
  ['an altered label map', (d) => appendFile(join(d, 'labels/000000.png'), 'x'), /labels\/000000\.png is altered/],
  ['an altered HDF5 file', (d) => appendFile(join(d, 'release.h5'), 'x'), /release\.h5 is altered/],
  ['an added file', (d) => writeFile(join(d, 'images/patient.png'), ''), /images\/patient\.png is not of the release/],
  ['an altered listing', (d) => appendFile(join(d, 'SHA256SUMS'), '\n'), /SHA256SUMS was altered/],
];

for (const [name, damage, message] of DAMAGES) {
  test(`${name} is found`, async (t) => {
    const directory = await aRelease(t);
    await damage(directory);
    await assert.rejects(readRelease(directory), (error) => error instanceof ReleaseDamagedError && message.test(error.message));
  });
}

test('a card with wrong counts or of another schema is refused', async (t) => {
  const directory = await aRelease(t);
  const card = await readCard(directory);
  const write = (content: unknown) => writeFile(join(directory, 'card.json'), JSON.stringify(content));
  await write({ ...card, sites: card.sites.map((site) => ({ ...site, count: 5 })) });
  await assert.rejects(readRelease(directory), /do not add up to 3/);
  await write({ ...card, schema: 'other/v2' });
  await assert.rejects(readRelease(directory), (error) => error instanceof ReleaseCardError && /schema/.test(error.message));
  await writeFile(join(directory, 'card.json'), '{');
  await assert.rejects(readRelease(directory), /not JSON/);
});

for (const [name, sample] of [
  ['of an unknown site', { ...SAMPLES[0]!, site: 'west' }],
  ['of another size', { ...SAMPLES[0]!, image: new Uint8Array(5) }],
  ['with a label beyond 16 bits', { ...SAMPLES[0]!, labels: new Int32Array(SIZE * SIZE).fill(70_000) }],
] as const) {
  test(`a sample ${name} is refused and the writer goes on`, async (t) => {
    const directory = await aFolder(t);
    const writer = await ReleaseWriter.create(directory, PLAN);
    await assert.rejects(writer.add(sample), RangeError);
    await writer.add(SAMPLES[0]!);
    assert.equal((await writer.finish(FACTS)).count, 1);
  });
}
