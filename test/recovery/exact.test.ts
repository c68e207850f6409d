import assert from 'node:assert/strict';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { experimentDigest } from '#experiment';
import { CheckpointStore, Random } from '#nn';
import { type HubChannel, WireUnreachableError } from '#wire';
import { aFederation, aRecoverableExperiment, assertSameWeights, type Federation, overriding } from './a-federation.ts';

const SITES = ['north', 'south', 'west'];
const EXPERIMENT = aRecoverableExperiment(SITES);

async function undisturbed(t: TestContext, experiment = EXPERIMENT): Promise<Federation> {
  const federation = await aFederation(t, experiment);
  assert.equal(await federation.startAll(), experiment.spec.training.iterations);
  return federation;
}

async function assertSameRun(actual: Federation, expected: Federation): Promise<void> {
  for (const party of ['hub', ...SITES]) assertSameWeights(await actual.weights(party), await expected.weights(party));
  assert.deepEqual(
    (await actual.journal()).map(({ iteration, sites }) => ({ iteration, sites: Object.keys(sites) })),
    (await expected.journal()).map(({ iteration, sites }) => ({ iteration, sites: Object.keys(sites) })),
  );
}

const cutsOf = (federation: Federation, party: string): Promise<number[]> =>
  federation.storeOf(party).usable(experimentDigest(federation.experiment), assert.fail);

test('Exact - a site that is killed and starts again takes all back to the last cut, and the run ends in the same weights', async (t) => {
  const federation = await aFederation(t, EXPERIMENT);
  const ended = federation.startAll();
  await federation.reaches(7);
  await federation.killSite('south');
  void federation.startSite('south');
  assert.equal(await ended, 12);
  const { iteration, to } = await federation.hears('rolled-back');
  assert.ok(iteration >= 8 && to! >= 6 && to! % 3 === 0);
  await assertSameRun(federation, await undisturbed(t));
});

test('Exact - a hub that is killed and starts again finds its sites still running', async (t) => {
  const federation = await aFederation(t, EXPERIMENT);
  void federation.startAll().catch(() => {});
  await federation.reaches(4);
  await federation.killHub();
  assert.equal(await federation.startHub(), 12);
  const epochs = (await federation.journal()).map(({ epoch }) => epoch);
  assert.deepEqual([...new Set(epochs)], [1, 2]);
  await assertSameRun(federation, await undisturbed(t));
});

test('Exact - a hub that dies between the sites’ snapshots and its own goes on from the cut before', async (t) => {
  const federation = await aFederation(t, EXPERIMENT);
  const { save } = CheckpointStore.prototype;
  const mocked = t.mock.method(CheckpointStore.prototype, 'save', async function (this: CheckpointStore, ...args: Parameters<typeof save>) {
    if (args[0].party === 'hub' && args[0].iteration === 6) throw new Error('killed');
    await save.apply(this, args);
  });
  await assert.rejects(federation.startAll(), /killed/);
  mocked.mock.restore();
  await federation.killHub();
  assert.equal(await federation.startHub(), 12);
  const { iteration, to } = await federation.hears('rolled-back');
  assert.deepEqual([iteration, to], [6, 3]);
  await assertSameRun(federation, await undisturbed(t));
});

for (const [party, other] of [
  ['south', 'hub'],
  ['hub', 'south'],
] as const) {
  test(`Exact - a damaged checkpoint of ${party} is passed over, for an older one`, async (t) => {
    const federation = await aFederation(t, EXPERIMENT);
    void federation.startAll().catch(() => {});
    await federation.reaches(8);
    await federation.killSite('south');
    await federation.killHub();
    const held = await Promise.all([party, other].map(async (each) => cutsOf(federation, each)));
    const newest = Math.max(...held[0]!.filter((cut) => held[1]!.includes(cut)));
    await truncate(join(federation.directory, party, `${String(newest).padStart(8, '0')}.ckpt`), 100);
    void federation.startSite('south');
    assert.equal(await federation.startHub(), 12);
    assert.equal((await federation.hears('rolled-back')).to, newest - 3);
    await assertSameRun(federation, await undisturbed(t));
  });
}

test('Exact - a network that is cut takes nobody back: the same work is asked again and answered with the same feedback', async (t) => {
  const federation = await aFederation(t, aRecoverableExperiment(SITES, { minSites: 2 }));
  for (const site of SITES) void federation.startSite(site);
  let losses = 0;
  const flaky = (channel: HubChannel): HubChannel =>
    overriding(channel, {
      exchange: async (...args) => {
        const answer = await channel.exchange(...args);
        if (args[1].iteration % 4 === 2 && losses < 9 && args[0] === SITES[losses % 3]) {
          losses++;
          throw new WireUnreachableError('the answer was lost');
        }
        return answer;
      },
    });
  assert.equal(await federation.startHub(flaky), 12);
  assert.equal(losses, 9);
  const kinds = new Set(federation.events.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), ['joined', 'lost']);
  await assertSameRun(federation, await undisturbed(t));
});

test('Exact - a site that has lost its disk is refused, and joins from its seed when the run has gone on without it', async (t) => {
  const experiment = aRecoverableExperiment(SITES, { minSites: 2, siteTimeoutSeconds: 0.2 }, { iterations: 400, checkpointEvery: 3 });
  const federation = await aFederation(t, experiment);
  void federation.startAll().catch(() => {});
  await federation.reaches(12);
  await federation.killSite('south');
  await rm(join(federation.directory, 'south'), { recursive: true });
  await assert.rejects(federation.startSite('south'), { remoteCode: 'HUB_NO_SNAPSHOT' });
  await federation.killSite('south');
  await federation.hears('dropped', 'south');
  void federation.startSite('south');
  const joined = await federation.hearsAfter('dropped', 'joined', 'south');
  assert.equal(joined.from, null);
});

test('Exact - killed at random moments, whoever it is, the run ends in the same weights', async (t) => {
  const experiment = aRecoverableExperiment(SITES, {}, { iterations: 40, checkpointEvery: 3 });
  const expected = await undisturbed(t, experiment);
  for (let run = 0; run < 4; run++) {
    const seed = Date.now() + run;
    const federation = await aFederation(t, experiment);
    const { kills, ended } = await killAtRandom(federation, new Random('kills', seed));
    assert.equal(await ended, 40, `seed ${seed}`);
    t.diagnostic(`seed ${seed}: ${kills} kills, ${federation.events.filter(({ kind }) => kind === 'rolled-back').length} rollbacks`);
    await assertSameRun(federation, expected);
    await federation.close();
  }
});

/** Twelve times kills some of the parties, none or all, and starts them again a moment later; stops shortly before the run ends. */
async function killAtRandom(federation: Federation, random: Random): Promise<{ kills: number; ended: Promise<number> }> {
  let ended = federation.startAll();
  ended.catch(() => {});
  let kills = 0;
  for (let round = 0; round < 12; round++) {
    await sleep(random.integer(40));
    if ((await federation.journal()).length > 36) break;
    const victims = ['hub', ...SITES].filter(() => random.integer(3) === 0);
    for (const victim of victims) await (victim === 'hub' ? federation.killHub() : federation.killSite(victim));
    kills += victims.length;
    await sleep(random.integer(20));
    if (victims.includes('hub')) ended = federation.startHub();
    for (const victim of victims) if (victim !== 'hub') void federation.startSite(victim);
  }
  // The promise is wrapped, or it would be awaited here.
  return { kills, ended };
}
