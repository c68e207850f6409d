import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { aNatsServer, WITHOUT_NATS } from '../wire/nats-server.ts';
import { aParty, asyndgan, aTrial, type PartyName, type Process, type Trial } from './a-federation.ts';

/** A second: what is not there is given up soon. */
const IMPATIENT = { membership: { hubTimeoutSeconds: 1, startTimeoutSeconds: 1 } };

interface LastWord {
  readonly level: string;
  readonly message: string;
  readonly code: string;
  readonly exitCode: number;
  readonly stack?: string;
}

/** Of a process that ends with an error: its exit code, and the one line that says why. */
async function lastWordOf({ ended }: Process): Promise<LastWord> {
  const { code, stderr } = await ended;
  const errors = stderr.split('\n').filter((line) => line.startsWith('{'));
  const words = errors.map((line) => JSON.parse(line) as LastWord).filter(({ level }) => level === 'error');
  assert.equal(words.length, 1, stderr);
  assert.equal(words[0]!.exitCode, code, stderr);
  assert.doesNotMatch(stderr, /\n {4}at /);
  return words[0]!;
}

interface Case {
  readonly title: string;
  readonly party: PartyName;
  readonly spoil?: (trial: Trial) => Promise<unknown>;
  readonly exitCode: number;
  readonly code: string;
  readonly message: RegExp;
}

const CASES: readonly Case[] = [
  {
    title: 'a site without its data',
    party: 'north',
    spoil: ({ folder }) => truncate(join(folder, 'north/train/images/1.png'), 100),
    ...{ exitCode: 4, code: 'DATASET_', message: /site north.*1\.png/ },
  },
  {
    title: 'a site without a hub',
    party: 'north',
    exitCode: 5,
    code: 'SITE_HUB_LOST',
    message: /no answer from the hub for 1 s.*state is kept/,
  },
  { title: 'a hub without sites', party: 'hub', exitCode: 7, code: 'HUB_NO_QUORUM', message: /missing are north, south: start them/ },
];

for (const { title, party, spoil, exitCode, code, message } of CASES)
  test(`${title} ends with ${exitCode} and one line that says why`, { skip: WITHOUT_NATS }, async (t) => {
    const trial = await aTrial(t, IMPATIENT);
    await spoil?.(trial);
    const word = await lastWordOf(aParty(trial, party, (await aNatsServer(t)).url));
    assert.equal(word.exitCode, exitCode);
    assert.ok(word.code.startsWith(code), word.code);
    assert.match(word.message, message);
    assert.equal(word.stack, undefined);
  });

const badInput = async (trial: Trial, args: readonly string[], env: Readonly<Record<string, string>>, told: RegExp) => {
  const { code, stdout, stderr } = await asyndgan(trial, args, env).ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, told);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.equal(stdout, '');
};

test('what is wrong in the input ends a process with 2 and one line, before it looks for NATS', async (t) => {
  const trial = await aTrial(t);
  const { experiment } = trial;
  await badInput(trial, ['generator', '--config', 'absent.yaml'], {}, /^error EXPERIMENT_NOT_FOUND: absent\.yaml/);
  await badInput(trial, ['discriminator', '--config', experiment, '--site', 'west'], {}, /^error CLI_UNKNOWN_SITE: .*north, south/);
  await badInput(trial, ['generator', '--config', experiment], { ASYNDGAN_SHARDS: '0' }, /^error CLI_SETTING: ASYNDGAN_SHARDS=0/);
});

test('run over NATS - a server that is not there is told at once, and nothing written', async (t) => {
  const trial = await aTrial(t);
  const { folder, experiment } = trial;
  const { code, stderr } = await asyndgan(trial, ['run', experiment, '--out', join(folder, 'out'), '--nats', 'nats://127.0.0.1:1']).ended;
  assert.equal(code, 2);
  assert.match(stderr, /^error CLI_NO_NATS_SERVER: --nats nats:\/\/127\.0\.0\.1:1: .*--nats embedded\n$/);
  assert.ok(!existsSync(join(folder, 'out')));
});
