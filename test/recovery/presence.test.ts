import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { experimentDigest } from '#experiment';
import type { JournalEntry } from '#generator';
import { CheckpointStore } from '#nn';
import { readEpoch, WireUnreachableError, writeEpoch } from '#wire';
import { aFederation, aRecoverableExperiment, assertSameWeights, overriding } from './a-federation.ts';

const SITES = ['north', 'south'];
const LONG = { iterations: 200, checkpointEvery: 10 };

const took = ({ sites }: JournalEntry) => Object.keys(sites);

for (const recovery of ['Exact', 'Continue'] as const) {
  test(`${recovery} - a site that comes late starts from its seed at the iteration that the others are at`, async (t) => {
    const federation = await aFederation(t, aRecoverableExperiment(SITES, { recovery, minSites: 1, startTimeoutSeconds: 0.1 }, LONG));
    void federation.startSite('north');
    const ended = federation.startHub();
    await federation.reaches(20);
    void federation.startSite('south');
    assert.equal(await ended, 200);
    const journal = await federation.journal();
    const first = journal.findIndex((entry) => took(entry).includes('south'));
    assert.ok(first >= 20);
    assert.deepEqual(journal[first]!.joined, { south: null });
    assert.ok(journal.slice(first).every((entry) => took(entry).length === 2));
    assert.equal(journal.filter((entry) => entry.joined).length, 1);
    assert.ok(!federation.events.some(({ kind }) => kind === 'rolled-back'));
  });
}

test('Exact - who came late is not lost when later somebody is killed: its coming was followed by a cut', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { minSites: 1, startTimeoutSeconds: 0.1 }, LONG));
  void federation.startSite('north');
  const ended = federation.startHub();
  await federation.reaches(11);
  void federation.startSite('south');
  const { iteration } = await federation.hears('joined', 'south');
  await federation.reaches(iteration + 2);
  await federation.killSite('north');
  void federation.startSite('north');
  assert.equal(await ended, 200);
  const { to } = await federation.hears('rolled-back');
  assert.ok(to! > iteration, `${to} is behind ${iteration}`);
  assert.equal(
    (await federation.journal()).findIndex((entry) => took(entry).includes('south')),
    iteration,
  );
});

test('a site that leaves is absent at once, and goes on where it was when it comes back', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { minSites: 1, siteTimeoutSeconds: 1000 }, LONG));
  const ended = federation.startAll();
  await federation.reaches(13);
  assert.deepEqual(await federation.leave('south'), { kind: 'left' });
  await federation.hears('dropped', 'south');
  await federation.reaches(20);
  void federation.startSite('south');
  assert.equal(await ended, 200);
  const journal = await federation.journal();
  const last = journal.findIndex((entry) => !took(entry).includes('south')) - 1;
  const back = journal.findIndex((entry, i) => i > last + 1 && took(entry).includes('south'));
  assert.deepEqual(journal[back]!.joined, { south: last + 1 });
  assert.deepEqual(federation.events.map(({ kind, site }) => `${kind} ${site ?? ''}`).slice(2), [
    'left south',
    'dropped south',
    'joined south',
  ]);
});

test('Exact - without quorum the run waits, and goes on in the same bits when it returns', async (t) => {
  const experiment = aRecoverableExperiment(SITES, { siteTimeoutSeconds: 0.05 }, { iterations: 30 });
  const undisturbed = await aFederation(t, experiment);
  await undisturbed.startAll();
  const federation = await aFederation(t, experiment);
  const ended = federation.startAll();
  await federation.reaches(13);
  await federation.leave('south');
  await federation.hears('quorum-lost');
  const { length } = await federation.journal();
  await sleep(200);
  assert.equal((await federation.journal()).length, length);
  void federation.startSite('south');
  assert.equal(await ended, 30);
  await federation.hears('quorum-returned');
  assertSameWeights(await federation.weights(), await undisturbed.weights());
});

test('a site that is there but does not do its work is not waited for for ever', async (t) => {
  const membership = { minSites: 1, iterationTimeoutSeconds: 0.1, siteTimeoutSeconds: 0.05 };
  const federation = await aFederation(t, aRecoverableExperiment(SITES, membership, { iterations: 20 }));
  void federation.startSite('north');
  void federation.startSite('south', (channel) =>
    overriding(channel, {
      serve: (handlers) =>
        channel.serve({ ...handlers, work: (work) => (work.iteration < 10 ? handlers.work(work) : new Promise(() => {})) }),
    }),
  );
  assert.equal(await federation.startHub(), 20);
  await federation.hears('dropped', 'south');
  const journal = await federation.journal();
  assert.deepEqual(
    journal.filter((entry) => took(entry).length === 2).map(({ iteration }) => iteration),
    [...Array(10).keys()],
  );
});

test('a hub that is asked to stop while it waits for its quorum does', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, {}, LONG));
  const ended = federation.startAll();
  await federation.reaches(5);
  await federation.killSite('south');
  await federation.hears('quorum-lost');
  federation.stopHub();
  assert.ok((await ended) < 200);
});

test('a site without a hub keeps its state and ends, with what was the matter', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { hubTimeoutSeconds: 0.2 }, LONG));
  const south = federation.startSite('south');
  void federation.startSite('north');
  void federation.startHub();
  await federation.reaches(13);
  await federation.killHub();
  const done = (await federation.journal()).length;
  await assert.rejects(south, {
    code: 'SITE_HUB_LOST',
    retryable: true,
    message: /site south: no answer from the hub for 0\.2 s/,
  });
  const own = new CheckpointStore(join(federation.directory, 'south', 'own'));
  const [kept] = await own.usable(experimentDigest(federation.experiment), assert.fail);
  assert.ok(kept! >= done && kept! <= done + 1);
});

test('a site whose hub is away for less than its time stays', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { hubTimeoutSeconds: 5 }, { iterations: 30 }));
  void federation.startAll().catch(() => {});
  await federation.reaches(13);
  await federation.killHub();
  await sleep(200);
  assert.equal(await federation.startHub(), 30);
});

test('fencing - a hub takes an epoch above every one that a site has seen, also when it has lost its own', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, {}, LONG));
  const epochs = () => Promise.all(['hub', ...SITES].map((party) => readEpoch(join(federation.directory, party))));
  void federation.startAll().catch(() => {});
  await federation.reaches(13);
  assert.deepEqual(await epochs(), [1, 1, 1]);
  await federation.killSite('south');
  await writeEpoch(join(federation.directory, 'south'), 7);
  void federation.startSite('south');
  await federation.hears('epoch-raised', 'south');
  await federation.reaches(40);
  assert.deepEqual(await epochs(), [8, 8, 8]);
  await federation.killHub();
  await rm(join(federation.directory, 'hub', 'hub-epoch'));
  assert.equal(await federation.startHub(), 200);
  assert.deepEqual(await epochs(), [9, 9, 9]);
  assert.deepEqual([...new Set((await federation.journal()).map(({ epoch }) => epoch))], [1, 8, 9]);
});

test('a heartbeat that is lost now and then is no reason to join again', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, {}, LONG));
  void federation.startSite('north');
  let lost = 0;
  void federation.startSite('south', (channel) =>
    overriding(channel, {
      heartbeat: async (...args) => {
        if (lost++ % 3 !== 2) throw new WireUnreachableError('nothing comes through');
        return channel.heartbeat(...args);
      },
    }),
  );
  assert.equal(await federation.startHub(), 200);
  assert.ok(lost > 3);
  assert.deepEqual(new Set(federation.events.map(({ kind }) => kind)), new Set(['joined']));
});
