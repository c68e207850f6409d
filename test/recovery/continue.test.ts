import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hub, Journal, type JournalEntry, replay } from '#generator';
import { Random } from '#nn';
import { forever } from '../a-small-run.ts';
import { aGenerator } from './a-fake-network.ts';
import { aFederation, aRecoverableExperiment, assertSameWeights, type Federation } from './a-federation.ts';

const SITES = ['north', 'south', 'west'];
const LONG = { iterations: 60, checkpointEvery: 5 };

const took = ({ sites }: JournalEntry) => Object.keys(sites);

/** Repeats the run of `federation` from its journal alone and holds the generators against each other, bit for bit. */
async function assertReplays(t: TestContext, federation: Federation): Promise<void> {
  const { experiment } = federation;
  const again = await aFederation(t, experiment);
  for (const site of SITES) void again.startSite(site);
  const trainer = aGenerator();
  const channel = again.hubChannel();
  const journal = await Journal.open(join(again.directory, 'journal.jsonl'));
  t.after(() => journal.close());
  const common = { experiment, channel, trainer, store: again.storeOf('hub'), journal, batchOf: () => 1 };
  const hub = await Hub.open({ ...common, onDamaged: assert.fail, observe: () => {} });
  assert.equal(await hub.start(forever()), 0);
  await replay(hub, channel, await federation.journal(), () => {}, forever());
  assertSameWeights(trainer.state(), await federation.weights());
  await channel.close();
}

test('Continue - a site that starts anew goes on from its own newest snapshot at the hub’s iteration, nobody is taken back', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { recovery: 'Continue' }, LONG));
  const ended = federation.startAll();
  await federation.reaches(12);
  await federation.killSite('south');
  void federation.startSite('south');
  assert.equal(await ended, 60);
  const journal = await federation.journal();
  const joined = journal.filter((entry) => entry.joined);
  assert.deepEqual(
    joined.map((entry) => Object.keys(entry.joined!)),
    [['south']],
  );
  const [{ iteration, joined: from }] = joined as [JournalEntry];
  assert.ok(from!['south']! % 5 === 0 && iteration - from!['south']! <= 5, `${iteration} from ${from!['south']}`);
  assert.ok(
    journal.every((entry) => took(entry).length === 3),
    'within its time, it is waited for',
  );
  assert.ok(!federation.events.some(({ kind }) => kind === 'rolled-back'));
  await assertReplays(t, federation);
});

test('Continue - a site that stays away is gone on without, and comes back later; the journal says so, and replays', async (t) => {
  const membership = { recovery: 'Continue', minSites: 2, siteTimeoutSeconds: 0.05 } as const;
  const federation = await aFederation(t, aRecoverableExperiment(SITES, membership, { ...LONG, iterations: 150 }));
  const ended = federation.startAll();
  await federation.reaches(12);
  await federation.killSite('south');
  await federation.hears('dropped', 'south');
  void federation.startSite('south');
  await federation.hearsAfter('dropped', 'joined', 'south');
  assert.equal(await ended, 150);
  const journal = await federation.journal();
  const away = journal.filter((entry) => !took(entry).includes('south'));
  assert.ok(away.length > 0);
  assert.equal(journal.filter((entry) => entry.joined?.['south'] !== undefined).length, 1);
  await assertReplays(t, federation);
});

test('Continue - a hub that starts anew takes all back to its own newest cut', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { recovery: 'Continue' }, LONG));
  const undisturbed = await aFederation(t, federation.experiment);
  await undisturbed.startAll();
  void federation.startAll().catch(() => {});
  await federation.reaches(13);
  await federation.killHub();
  assert.equal(await federation.startHub(), 60);
  assertSameWeights(await federation.weights(), await undisturbed.weights());
});

test('Continue - kills at random moments never stop the run, and what came of it replays', async (t) => {
  const membership = { recovery: 'Continue', minSites: 1, siteTimeoutSeconds: 0.02 } as const;
  for (let run = 0; run < 3; run++) {
    const seed = Date.now() + run;
    const random = new Random('kills', seed);
    const federation = await aFederation(t, aRecoverableExperiment(SITES, membership, LONG));
    let ended = federation.startAll();
    ended.catch(() => {});
    for (let kill = 0; kill < 10 && (await federation.journal()).length < 55; kill++) {
      await sleep(random.integer(40));
      const victim = ['hub', ...SITES][random.integer(4)]!;
      await (victim === 'hub' ? federation.killHub() : federation.killSite(victim));
      await sleep(random.integer(60));
      if (victim === 'hub') ended = federation.startHub();
      else void federation.startSite(victim);
    }
    assert.equal(await ended, 60, `seed ${seed}`);
    const journal = await federation.journal();
    const rejoined = journal.filter((entry) => entry.joined).length;
    t.diagnostic(
      `seed ${seed}: ${rejoined} iterations with sites that joined, ${journal.filter((e) => took(e).length < 3).length} without all`,
    );
    await assertReplays(t, federation);
    await federation.close();
  }
});
