import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSummary } from '#evaluator';
import { readJournal } from '#generator';
import { partiesOf } from '../bench/processes.ts';
import { aNatsServer, WITHOUT_NATS } from '../wire/nats-server.ts';
import { asyndgan, aTrial, eventually, hubCheckpoint, iterations, SITES, type Trial } from './a-federation.ts';

const SCORED = { samples: 4, evaluate: { steps: 2, batchSize: 2, cropSize: 16, filters: 4 } };
const UNCHANGED = { images: 'Float32', feedback: 'Float32' };

const runArgs = (trial: Trial, out: string, ...more: string[]) => [...['run', trial.experiment, '--out', out, '--threads', '2'], ...more];

test('run over NATS - the same weights, scores and report as in one process', { skip: WITHOUT_NATS }, async (t) => {
  const trial = await aTrial(t, { release: SCORED });
  const [one, many] = [join(trial.folder, 'one'), join(trial.folder, 'many')];
  for (const args of [runArgs(trial, one), runArgs(trial, many, '--nats', 'embedded')]) {
    const { code, stderr } = await asyndgan(trial, args).ended;
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(await hubCheckpoint(many), await hubCheckpoint(one));
  const [expected, actual] = await Promise.all([one, many].map(summaryOf));
  assert.deepEqual(Object.keys(actual!.segmentation.asyndgan!.sites), SITES);
  assert.deepEqual(actual!.segmentation, expected!.segmentation);
  assert.deepEqual(Object.keys(actual!.frechetTexture), SITES);
  assert.deepEqual(actual!.frechetTexture, expected!.frechetTexture);
  assert.deepEqual(Object.keys(actual!.bytesPerIteration), SITES);
  const report = await readFile(join(many, 'report.html'), 'utf8');
  for (const site of SITES) assert.ok(report.includes(site));

  await t.test('replay - its journal, repeated in one process, gives the generator that was trained over NATS', async () => {
    const { code, stdout, stderr } = await asyndgan(trial, ['replay', many, '--experiment', trial.experiment, '--threads', '2']).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^40 iterations repeated: .*00000040\.ckpt, bit for bit/);
  });
});

test('run over NATS - Ctrl-C keeps everything and says how to go on, with codecs that change no number', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const trial = await aTrial(t, { training: { iterations: 160, checkpointEvery: 1000 }, wire: UNCHANGED });
  const [one, many] = [join(trial.folder, 'one'), join(trial.folder, 'many')];
  const whole = await asyndgan(trial, runArgs(trial, one)).ended;
  assert.equal(whole.code, 0, whole.stderr);

  const run = asyndgan(trial, runArgs(trial, many, '--nats', 'embedded'), {}, { ownGroup: true });
  await iterations(many, 20);
  process.kill(-run.pid, 'SIGINT'); // as a terminal does: all processes of the group get it
  const stopped = await run.ended;
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /everything is kept\. Go on with:\n {2}asyndgan run .* --out .* --threads 2 --nats embedded --resume/);
  const done = (await readJournal(join(many, 'journal.jsonl'))).length;
  assert.ok(done >= 20 && done < 160, String(done));

  const resumed = await asyndgan(trial, runArgs(trial, many, '--nats', 'embedded', '--resume')).ended;
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, new RegExp(`resuming after iteration ${done}\\b`), 'nothing was done twice');
  assert.deepEqual(await hubCheckpoint(many, 160), await hubCheckpoint(one, 160));
});

test('run over NATS - killed, it leaves no process behind', { skip: WITHOUT_NATS }, async (t) => {
  const trial = await aTrial(t, { training: { iterations: 100_000 } });
  const out = join(trial.folder, 'out');
  const run = asyndgan(trial, runArgs(trial, out, '--nats', (await aNatsServer(t)).url));
  await iterations(out, 10);
  const parties = [...(await partiesOf(run.pid)).values()];
  assert.equal(parties.length, 1 + SITES.length);
  run.kill('SIGKILL');
  await eventually('the end of hub and sites', () => !parties.some((pid) => existsSync(`/proc/${pid}`)));
});

const summaryOf = async (out: string) => parseSummary(JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')), out);
