import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { anExperiment, temporaryFolder } from '../../../test/a-small-run.ts';
import { DiskTooSmallError, NothingToResumeError, OutputTakenError, OutputUnusableError } from '../errors.ts';
import { layout, openOutput } from './output.ts';

/** A folder that paths are relative to, for this test. */
async function inFolder(t: TestContext): Promise<string> {
  const before = process.cwd();
  const folder = await temporaryFolder(t);
  process.chdir(folder);
  t.after(() => process.chdir(before));
  return folder;
}

/** Leaves a run behind, as `asyndgan run` does. */
async function aRunIn(directory: string): Promise<void> {
  await fs.mkdir(directory, { recursive: true });
  await fs.writeFile(join(directory, 'experiment.yaml'), '');
}

function diskWith(t: TestContext, free: number): void {
  const { mock } = t.mock.method(fs, 'statfs', async () => ({ bavail: free / 4096, bsize: 4096 }));
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
}

test('without a name, a run writes into the next free folder and overwrites nothing', async (t) => {
  await inFolder(t);
  for (const name of ['small', 'small-2', 'small-3']) {
    const { directory } = await openOutput(anExperiment(), undefined, false);
    assert.equal(directory, join('out', name));
    await aRunIn(directory);
  }
});

test('an empty folder is as good as none', async (t) => {
  const folder = await temporaryFolder(t);
  assert.equal((await openOutput(anExperiment(), folder, false)).directory, folder);
  assert.deepEqual(await fs.readdir(folder), ['samples']);
});

test('a folder in use is refused and left as it is', async (t) => {
  const folder = await temporaryFolder(t);
  await fs.writeFile(join(folder, 'thesis.doc'), 'do not lose me');
  await assert.rejects(openOutput(anExperiment(), folder, false), OutputTakenError);
  assert.deepEqual(await fs.readdir(folder), ['thesis.doc']);
});

test('resume goes on in the named folder, or in the latest', async (t) => {
  await inFolder(t);
  for (const name of ['small', 'small-2', 'elsewhere']) await aRunIn(join('out', name));
  assert.equal((await openOutput(anExperiment(), join('out', 'elsewhere'), true)).directory, join('out', 'elsewhere'));
  assert.equal((await openOutput(anExperiment(), undefined, true)).directory, join('out', 'small-2'));
});

test('resume needs a run to go on with', async (t) => {
  const folder = await inFolder(t);
  await assert.rejects(openOutput(anExperiment(), undefined, true), NothingToResumeError);
  await fs.writeFile(join(folder, 'thesis.doc'), '');
  await assert.rejects(openOutput(anExperiment(), folder, true), NothingToResumeError);
  assert.deepEqual(await fs.readdir(folder), ['thesis.doc']);
});

test('a file in the place of the folder, or above it, is told', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await fs.writeFile(file, '');
  await assert.rejects(openOutput(anExperiment(), file, false), OutputUnusableError);
  await assert.rejects(openOutput(anExperiment(), join(file, 'run'), false), OutputUnusableError);
});

test('too little disk is told before anything is written', async (t) => {
  const folder = await temporaryFolder(t);
  diskWith(t, 1e6);
  await assert.rejects(openOutput(anExperiment(), join(folder, 'deep', 'run'), false), (error) => {
    assert.ok(error instanceof DiskTooSmallError);
    assert.match(error.message, /deep\/run: .* about \d+ MB and only 1 MB are free/);
    return true;
  });
  assert.deepEqual(await fs.readdir(folder), []);
});

test('more and larger images, wider networks and more sites need more disk', async (t) => {
  diskWith(t, 0);
  const folder = await temporaryFolder(t);
  const needed = async (...change: Parameters<typeof anExperiment>) => {
    const error = await openOutput(anExperiment(...change), folder, false).catch((cause: Error) => cause);
    return Number(/about (\d+) MB/.exec((error as Error).message)![1]);
  };
  const few = await needed({ release: { samples: 10, evaluate: { enabled: false } } });
  assert.ok((await needed({ release: { samples: 100_000, evaluate: { enabled: false } } })) > few + 100);
  assert.ok((await needed({ model: { generator: { filters: 64, blocks: 9 } } })) > few + 500, '11 million weights');
  const wide = { discriminator: { filters: 64, layers: 2 } };
  const one = await needed({ sites: ['a'], model: wide });
  assert.ok((await needed({ sites: ['a', 'b', 'c', 'd'], model: wide })) > one + 100);
});

test('all files of a run lie in its folder', () => {
  const { directory, ...files } = layout('out/x');
  assert.equal(directory, 'out/x');
  const paths = Object.values(files);
  assert.ok(paths.every((path) => /^out\/x\/[^/]+$/.test(path)));
  assert.equal(new Set(paths).size, paths.length);
});
