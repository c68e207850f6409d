import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSummary, readRelease } from '#evaluator';
import { readJournal } from '#generator';
import { Random } from '#nn';
import { asyndgan, readJson, temporaryFolder, writeExperiment } from './asyndgan.ts';

test('run - trains, releases, scores and reports', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder);
  const out = join(folder, 'run');

  const { code, stdout, stderr } = await asyndgan(['run', file, '--out', out, '--baselines']);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /AsynDGAN \(synthetic only\)\s+Dice/);
  assert.match(stdout, /report {3}.*report\.html/);
  const summary = parseSummary(await readJson(join(out, 'summary.json')), 'summary.json');
  const sites = ['fluorescence-small', 'histology-dark'];
  assert.deepEqual(Object.keys(summary.bytesPerIteration), sites);
  for (const result of [summary.segmentation.asyndgan!, summary.segmentation.realAll!, summary.segmentation.synAll!])
    assert.deepEqual(Object.keys(result.sites), sites);
  assert.deepEqual(Object.keys(summary.segmentation.realSubset!), sites);
  assert.equal((await readJournal(join(out, 'journal.jsonl'))).length, 12);
  assert.deepEqual(await readdir(join(out, 'samples')), ['00000001.png', '00000006.png', '00000012.png']);
  const release = await readRelease(join(out, 'release'));
  assert.equal(release.card.count, 12);
  assert.deepEqual(release.card.scores, summary.segmentation.asyndgan!.mean);
  const report = await readFile(join(out, 'report.html'), 'utf8');
  assert.doesNotMatch(report, /(src|href)="https?:/);
  await t.test('inspect - describes a checkpoint and a release', async () => {
    const checkpoint = await asyndgan(['inspect', join(out, 'checkpoints/hub/00000012.ckpt')]);
    assert.match(checkpoint.stdout, /checkpoint of hub after iteration 12/);
    assert.match(checkpoint.stdout, /generator\/stem\/weight\s+\[7, 7, 3, 4\]/);
    assert.match((await asyndgan(['inspect', join(out, 'release')])).stdout, /"experiment": "small"/);
    const text = await asyndgan(['inspect', file]);
    assert.equal(text.code, 2);
    assert.match(text.stderr, /error CLI_NOT_INSPECTABLE: .*neither a checkpoint nor an envelope/);
  });
  await t.test('synthesize - makes the same release again from the checkpoint alone', async () => {
    const again = join(folder, 'again');
    const made = await asyndgan([
      'synthesize',
      '--checkpoint',
      join(out, 'checkpoints/hub/00000012.ckpt'),
      '--count',
      '12',
      '--out',
      again,
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(await pictures(again), await pictures(join(out, 'release')));
  });
  await t.test("synthesize - refuses a site's checkpoint", async () => {
    const { code: refused, stderr: why } = await asyndgan([
      'synthesize',
      '--checkpoint',
      join(out, 'checkpoints/histology-dark/00000012.ckpt'),
      '--count',
      '1',
      '--out',
      join(folder, 'no'),
    ]);
    assert.equal(refused, 2);
    assert.match(why, /error CLI_WRONG_CHECKPOINT: .*discriminator of site histology-dark/);
  });
  await t.test('evaluate - scores the release on real images', async () => {
    const data = new URL('../data/nuclei/histology-dark', import.meta.url).pathname;
    const {
      code: scored,
      stdout: text,
      stderr: err,
    } = await asyndgan(['evaluate', '--release', join(out, 'release'), '--data', data, '--steps', '2']);
    assert.equal(scored, 0, err);
    assert.match(text, /test: 16 images, dice \d\.\d{3}, aji/);
  });
  await t.test('run - refuses a folder in use', async () => {
    const taken = await asyndgan(['run', file, '--out', out]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /error CLI_OUTPUT_TAKEN: .*--resume/);
  });
});

test('run - the same seed gives the same bits, another seed others', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, { release: { samples: 2, evaluate: { enabled: false } } });
  const finish = async (name: string, ...args: string[]) => {
    const { code, stderr } = await asyndgan(['run', file, '--out', join(folder, name), ...args]);
    assert.equal(code, 0, stderr);
    return weightsOf(join(folder, name));
  };
  const first = await finish('first');
  assert.deepEqual(await finish('second'), first);
  assert.notDeepEqual(await finish('third', '--seed', '4'), first);
});

test('run - killed at any moment and resumed, it ends in the same weights', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, {
    training: { iterations: 40, checkpointEvery: 4 },
    release: { samples: 2, evaluate: { enabled: false } },
  });
  const undisturbed = join(folder, 'undisturbed');
  assert.equal((await asyndgan(['run', file, '--out', undisturbed])).code, 0);

  const out = join(folder, 'killed');
  const journal = join(out, 'journal.jsonl');
  const moments = new Random('kills', Date.now());
  for (let kill = 0; kill < 6; kill++) {
    const before = (await readJournal(journal)).length;
    const lines = before + 1 + moments.integer(8);
    t.diagnostic(`kill ${kill + 1}: at ${lines} lines of the journal`);
    const { code, stderr } = await asyndgan(['run', file, '--out', out, ...(kill > 0 ? ['--resume'] : [])], (child) =>
      killAt(child, journal, Math.min(lines, 38)),
    );
    assert.equal(code, null, stderr);
  }
  const { code, stderr } = await asyndgan(['run', file, '--out', out, '--resume']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await weightsOf(out), await weightsOf(undisturbed));
  assert.deepEqual(
    (await readJournal(journal)).map(({ iteration }) => iteration),
    Array.from({ length: 40 }, (_, i) => i),
  );
});

test('run - a damaged checkpoint is passed over for the one before', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, { release: { samples: 2, evaluate: { enabled: false } } });
  const out = join(folder, 'run');
  assert.equal((await asyndgan(['run', file, '--out', out])).code, 0);
  const weights = await weightsOf(out);
  const newest = join(out, 'checkpoints/hub/00000012.ckpt');
  await truncate(newest, 1000);

  const { code, stderr } = await asyndgan(['run', file, '--out', out, '--resume']);

  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning NN_CHECKPOINT_DAMAGED: .*00000012\.ckpt/);
  assert.match(stderr, /resuming after iteration 9/);
  assert.deepEqual(await weightsOf(out), weights);
});

test('run - Ctrl-C keeps everything and says how to go on', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, {
    training: { iterations: 60, checkpointEvery: 50 },
    release: { samples: 2, evaluate: { enabled: false } },
  });
  const undisturbed = join(folder, 'undisturbed');
  assert.equal((await asyndgan(['run', file, '--out', undisturbed])).code, 0);
  const out = join(folder, 'stopped');

  const stopped = await asyndgan(['run', file, '--out', out], (child) => killAt(child, join(out, 'journal.jsonl'), 5, 'SIGINT'));

  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /stopped after iteration \d+ of 60; everything is kept.*\n {2}asyndgan run .* --out .* --resume/);
  const resumed = await asyndgan(['run', file, '--out', out, '--resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(await weightsOf(out), await weightsOf(undisturbed));
});

test('run - another experiment cannot be resumed', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, { release: { samples: 2, evaluate: { enabled: false } } });
  const out = join(folder, 'run');
  assert.equal((await asyndgan(['run', file, '--out', out])).code, 0);
  const { code, stderr } = await asyndgan(['run', file, '--out', out, '--resume', '--seed', '9']);
  assert.equal(code, 2);
  assert.match(stderr, /error CLI_OTHER_EXPERIMENT: .*other settings/);
});

/** The listed digests of a release's PNGs (its HDF5 file holds the time of writing). */
const pictures = async (release: string): Promise<string[]> =>
  (await readFile(join(release, 'SHA256SUMS'), 'utf8')).split('\n').filter((line) => line.endsWith('.png'));

/** SHA-256 of the data of every party's last checkpoint. */
async function weightsOf(out: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const party of (await readdir(join(out, 'checkpoints'))).sort()) {
    const last = (await readdir(join(out, 'checkpoints', party)))
      .filter((name) => name.endsWith('.ckpt'))
      .sort()
      .at(-1)!;
    digests[`${party}/${last}`] = createHash('sha256')
      .update(await readFile(join(out, 'checkpoints', party, last)))
      .digest('hex');
  }
  return digests;
}

/** Sends the signal as soon as the journal has so many lines. */
function killAt(child: ChildProcess, journal: string, lines: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  const timer = setInterval(async () => {
    const text = await readFile(journal, 'utf8').catch(() => '');
    if (text.split('\n').length <= lines) return;
    clearInterval(timer);
    child.kill(signal);
  }, 2);
  child.once('exit', () => clearInterval(timer));
}
