import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readJournal } from '#generator';
import { aNatsServer, WITHOUT_NATS } from '../wire/nats-server.ts';
import { aParty, aTrial, hubCheckpoint, iterations, outOf, type PartyName, type Process, type Trial, undisturbed } from './a-federation.ts';

const ITERATIONS = 200;
const EVERY = 20;

/** A trial with its undisturbed end, and a running federation of it. */
async function aFederation(t: TestContext) {
  const trial = await aTrial(t, { training: { iterations: ITERATIONS, checkpointEvery: EVERY } });
  const expected = await undisturbed(trial, ITERATIONS);
  const server = await aNatsServer(t);
  const start = (name: PartyName) => aParty(trial, name, server.url);
  return { trial, expected, server, start, hub: start('hub'), north: start('north'), south: start('south') };
}

async function endsAs(expected: Buffer, trial: Trial, ...parties: Process[]): Promise<void> {
  for (const { code, stderr } of await Promise.all(parties.map(({ ended }) => ended))) assert.equal(code, 0, stderr);
  assert.deepEqual(await hubCheckpoint(outOf(trial), ITERATIONS), expected);
  const done = (await readJournal(`${outOf(trial)}/journal.jsonl`)).map(({ iteration }) => iteration);
  assert.deepEqual(done, [...Array(ITERATIONS).keys()]);
}

test('a hub and a site that get SIGTERM keep their state, end with 143, and go on to the same weights', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { trial, expected, start, hub, north, south } = await aFederation(t);
  const out = outOf(trial);
  await iterations(out, 30);
  south.kill('SIGTERM');
  assert.equal((await south.ended).code, 143);
  const southAgain = start('south');
  await iterations(out, 90);
  hub.kill('SIGTERM');
  assert.equal((await hub.ended).code, 143);
  const kept = (await readJournal(`${out}/journal.jsonl`)).length;
  await hubCheckpoint(out, kept); // of the very iteration, not of the last cut before it
  const hubAgain = start('hub');
  await endsAs(expected, trial, hubAgain, north, southAgain);
  assert.match(hubAgain.stderr(), new RegExp(`resuming after iteration ${kept}\\b`));
});

test('hub, site and NATS server are killed, and the run ends in the same weights', { skip: WITHOUT_NATS }, async (t) => {
  const { trial, expected, server, start, hub, north, south } = await aFederation(t);
  const out = outOf(trial);
  await iterations(out, 30);
  north.kill('SIGKILL');
  assert.equal((await north.ended).code, null);
  const northAgain = start('north');
  await iterations(out, 70);
  hub.kill('SIGKILL');
  await hub.ended;
  const hubAgain = start('hub');
  await iterations(out, 120);
  await server.stop('SIGKILL');
  await server.restart();
  await endsAs(expected, trial, hubAgain, northAgain, south);
});
