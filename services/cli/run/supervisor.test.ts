import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../../test/a-small-run.ts';
import { ProcessFailedError } from '../errors.ts';
import { type ProcessSpec, Supervisor } from './supervisor.ts';

/** A process of Node that runs this program; `log` takes what it writes to standard error. */
const program = (name: string, text: string, log: string | null = null): ProcessSpec => ({
  name,
  command: process.execPath,
  arguments: ['-e', text],
  env: {},
  log,
});

/** Says that it is there, then waits for SIGTERM; ends `after` ms after it, and says so. */
const patient = (name: string, log: string, after = 0) =>
  program(
    name,
    `process.once('SIGTERM', () => setTimeout(() => { console.error('${name} ends'); process.exit(143); }, ${after}));
     setInterval(() => {}, 1000); console.error('${name} is there');`,
    log,
  );

const quiet = () => {};

test('a process that is killed, or asks for it by its exit code, is started again until it is done', async (t) => {
  const log = join(await temporaryFolder(t), 'log');
  const said: string[] = [];
  const text = `const fs = require('node:fs'); fs.appendFileSync('${log}', 'x'); const starts = fs.readFileSync('${log}').length;
    if (starts === 1) process.kill(process.pid, 'SIGKILL'); else process.exit(starts === 2 ? 7 : 0);`;
  await new Supervisor((line) => said.push(line)).keep(program('hub', text));
  assert.equal(await readFile(log, 'utf8'), 'xxx');
  assert.deepEqual(said, [
    'hub ended (SIGKILL); starting it again',
    'hub ended (exit code 7: Fewer sites than membership.minSites came in membership.startTimeoutSeconds; the state is kept); starting it again',
  ]);
});

test('a process that says that it is of no use to start it again is given up at once, with the way to its log', async (t) => {
  const log = join(await temporaryFolder(t), 'log');
  const kept = new Supervisor(assert.fail).keep(program('north', 'process.exit(4)', log));
  await assert.rejects(kept, (error) => {
    assert.ok(error instanceof ProcessFailedError);
    assert.match(error.message, /^north cannot run \(exit code 4: The data of the site cannot be read.*\): see .*log$/);
    return true;
  });
});

test('a process that always ends right after its start is given up', async () => {
  const said: string[] = [];
  await assert.rejects(new Supervisor((line) => said.push(line)).keep(program('north', 'process.exit(1)')), ProcessFailedError);
  assert.equal(said.length, 4);
});

test('a program that is not there is told', async () => {
  const supervisor = new Supervisor(quiet);
  await assert.rejects(supervisor.keep({ ...program('hub', ''), command: '/no/such/program' }), { code: 'ENOENT' });
  await supervisor.stop('hub');
});

test('stop ends the first before the others, once, and nothing is started again', async (t) => {
  const log = join(await temporaryFolder(t), 'log');
  const supervisor = new Supervisor(assert.fail);
  const kept = ['north', 'hub', 'south'].map((name) => supervisor.keep(patient(name, log, name === 'hub' ? 200 : 0)));
  const lines = async () => (await readFile(log, 'utf8')).trimEnd().split('\n');
  while ((await lines()).length < 3) await sleep(10);
  await Promise.all([supervisor.stop('hub'), supervisor.stop('hub')]);
  await Promise.all(kept);
  const [first, ...others] = (await lines()).slice(3);
  assert.equal(first, 'hub ends');
  assert.deepEqual(others.sort(), ['north ends', 'south ends']);
  assert.deepEqual(supervisor.pids, {});
});
