import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { aSite, asyndgan, temporaryFolder, writeExperiment } from './asyndgan.ts';

const SITE = new URL('../data/nuclei/histology-dark/', import.meta.url).pathname;

/** Each mistake: what is wrong, how to make it in a folder that holds a copy of a real site as `data`, and what the user is told. */
const MISTAKES: readonly { name: string; change?: Record<string, unknown>; spoil?: (folder: string) => Promise<unknown>; told: RegExp }[] =
  [
    {
      name: 'an unknown field',
      change: { training: { iteratons: 5 } },
      told: /EXPERIMENT_INVALID: .*spec\.training\.iteratons.*did you mean iterations/,
    },
    { name: 'a wrong type', change: { training: { iterations: 'many' } }, told: /EXPERIMENT_INVALID: .*spec\.training\.iterations/ },
    { name: 'a number out of range', change: { training: { batchSize: 0 } }, told: /EXPERIMENT_INVALID: .*spec\.training\.batchSize.*1/ },
    {
      name: 'a feature of a later version',
      change: { training: { schedule: { mode: 'BoundedStaleness' } } },
      told: /CLI_UNSUPPORTED: .*\n.*spec\.training\.schedule\.mode/,
    },
    { name: 'missing data', change: { sites: [aSite('a', './nowhere')] }, told: /DATASET_\w+: .*nowhere/ },
    {
      name: 'an image without its label map',
      spoil: (folder) => rm(join(folder, 'data/train/labels/003.png')),
      told: /DATASET_\w+: .*site a.*003\.png/,
    },
    {
      name: 'a label map of another size',
      spoil: (folder) => writeFile(join(folder, 'data/train/labels/003.png'), grey(64, 1)),
      told: /DATASET_LABEL_MISMATCH: .*003\.png is 64x64 but its image.*128x128/,
    },
    { name: 'a wrong channel count', change: { model: { image: { channels: 1 } } }, told: /DATASET_\w+: .*channel/ },
    {
      name: 'a truncated file',
      spoil: (folder) => truncate(join(folder, 'data/train/images/003.png'), 2000),
      told: /DATASET_\w+: .*003\.png/,
    },
    {
      name: 'an unreadable file',
      spoil: (folder) => writeFile(join(folder, 'data/train/images/003.png'), 'not a picture'),
      told: /DATASET_\w+: .*003\.png/,
    },
    {
      name: 'another image size',
      change: { model: { image: { size: 64 } }, training: { cropSize: 32 }, release: { evaluate: { cropSize: 32 } } },
      told: /DATASET_\w+: .*128x128.*64/,
    },
    {
      name: 'no test split anywhere, but scoring',
      spoil: (folder) => rm(join(folder, 'data/test'), { recursive: true }),
      told: /CLI_NOTHING_TO_SCORE: .*spec\.release\.evaluate\.enabled/,
    },
  ];

for (const { name, change = {}, spoil, told } of MISTAKES) {
  test(`run - ${name} is told in one message, with exit code 2 and nothing written`, async (t) => {
    const folder = await temporaryFolder(t);
    await cp(SITE, join(folder, 'data'), { recursive: true });
    const file = await writeExperiment(folder, { sites: [aSite('a', './data')], ...change });
    await spoil?.(folder);

    const { code, stdout, stderr } = await asyndgan(['run', file, '--out', join(folder, 'out')]);

    assert.match(stderr, told);
    assert.equal(code, 2);
    assert.equal(stderr.match(/^error /gm)?.length, 1, stderr);
    assert.doesNotMatch(stderr, /\n {4}at /);
    assert.equal(stdout, '');
    assert.ok(!(await readdir(folder)).includes('out'));
  });
}

test('run - a file that is no experiment is told apart', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'empty.yaml'), '');
  for (const [path, told] of [
    [join(folder, 'absent.yaml'), /EXPERIMENT_NOT_FOUND/],
    [folder, /EXPERIMENT_NOT_A_FILE/],
    [join(folder, 'empty.yaml'), /EXPERIMENT_EMPTY/],
  ] as const) {
    const { code, stderr } = await asyndgan(['run', path]);
    assert.equal(code, 2);
    assert.match(stderr, told);
  }
});

test('run - wrong options are told with the usage', async () => {
  for (const args of [['run'], ['run', 'x.yaml', '--threads', '0'], ['run', 'x.yaml', '--sed', '1'], ['train']]) {
    const { code, stderr } = await asyndgan(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /error: /);
  }
});

test('run - a site without a test split trains but is not scored', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'data'));
  await cp(join(SITE, 'train'), join(folder, 'data/train'), { recursive: true });
  const file = await writeExperiment(folder, { sites: [aSite('untested', './data'), aSite('fluorescence-small')] });
  const { code, stderr } = await asyndgan(['run', file, '--out', join(folder, 'out')]);
  assert.equal(code, 0, stderr);
  const summary = JSON.parse(await readFile(join(folder, 'out/summary.json'), 'utf8')) as {
    segmentation: { asyndgan: { sites: Record<string, unknown> } };
  };
  assert.deepEqual(Object.keys(summary.segmentation.asyndgan.sites), ['fluorescence-small']);
  assert.match(await readFile(join(folder, 'out/report.html'), 'utf8'), /without a test split:<\/strong> untested/);
});

test('validate - says what is there, and finds what run would refuse', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder);
  const valid = await asyndgan(['validate', file]);
  assert.equal(valid.code, 0, valid.stderr);
  assert.match(valid.stdout, /valid; 2 sites[\s\S]*fluorescence-small: 80 training images, 16 test images/);
  await rename(file, `${file}.moved`);
  assert.equal((await asyndgan(['validate', file])).code, 2);
});

const grey = (size: number, value: number): Uint8Array =>
  encode({ width: size, height: size, channels: 1, depth: 8, data: new Uint8Array(size * size).fill(value) });
