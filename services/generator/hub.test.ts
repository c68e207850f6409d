import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Experiment, experimentDigest } from '#experiment';
import { CheckpointStore, type State } from '#nn';
import { type Control, type Feedback, inProcessFederation, RemoteError, readEpoch, type SiteHandlers, type Work } from '#wire';
import { anExperiment, forever, SIZE, temporaryFolder } from '../../test/a-small-run.ts';
import { aHello, someConditions } from './a-site.ts';
import { Hub, type HubOptions } from './hub.ts';
import { Journal } from './journal.ts';
import { labelMapFile, readLabelMaps } from './label-map-file.ts';
import type { MembershipEvent } from './membership-event.ts';
import { type GeneratorInput, type GeneratorTrainer, SYNTHESIS_BATCH } from './trainer.ts';

const VALUES = SIZE * SIZE * 3;
const COUNTS = { north: 3, south: 1 };

/** Stands for the network: makes image k of a batch of the number k / 64, and notes what it is given. */
class FakeTrainer {
  readonly inputs: GeneratorInput[] = [];
  readonly gradients: { iteration: number; gradient: Float32Array }[] = [];
  restored: State | null = null;

  forward(_iteration: number, input: GeneratorInput): Float32Array {
    this.inputs.push(input);
    return Float32Array.from({ length: input.conditions.length * 1.5 }, (_, i) => Math.floor(i / VALUES) / 64);
  }

  backward(iteration: number, gradient: Float32Array): void {
    this.gradients.push({ iteration, gradient });
  }

  synthesize(input: GeneratorInput): Float32Array {
    this.inputs.push(input);
    return new Float32Array(SYNTHESIS_BATCH * VALUES);
  }

  state(): State {
    return new Map([['weight', { shape: [2], data: Float32Array.of(1, 2) }]]);
  }

  restore(state: State): void {
    this.restored = state;
  }
}

/** The gradient of a site's k-th image of an iteration is this number everywhere. */
const slope = (site: string, iteration: number, k: number): number => (site === 'north' ? 1 : -2) * (iteration + 1) + k / 4;

const aFeedback = (site: string, work: Work): Feedback => ({
  iteration: work.iteration,
  generatorVersion: work.generatorVersion,
  gradient: { shape: work.fakes.shape, data: work.fakes.data.map((_, i) => slope(site, work.iteration, Math.floor(i / VALUES))) },
  losses: { discriminator: 1.5, generator: site === 'north' ? 0.25 : 0.75 },
  seconds: 0.125,
  snapshotTaken: work.snapshot,
});

interface Setting {
  readonly experiment?: Experiment;
  readonly options?: Partial<HubOptions>;
  readonly snapshots?: readonly number[];
  readonly testCounts?: Readonly<Record<string, number>>;
  readonly handlers?: (site: string) => Partial<SiteHandlers>;
  /** Before the sites join. */
  readonly prepare?: (store: CheckpointStore) => Promise<void>;
  readonly journal?: (journal: Journal) => Promise<void>;
  /** Sites that never come. */
  readonly absent?: readonly string[];
}

/** A hub with a stand-in for its network, and sites that answer by the book unless told otherwise. */
async function aRun(t: TestContext, { experiment = anExperiment(), options = {}, snapshots = [0], ...setting }: Setting = {}) {
  const { hub: channel, site: end } = inProcessFederation({ run: 'small' });
  t.after(() => channel.close());
  const trainer = new FakeTrainer();
  const store = new CheckpointStore(join(await temporaryFolder(t), 'hub'));
  await setting.prepare?.(store);
  const stand = trainer as unknown as GeneratorTrainer;
  const journal = await Journal.open(join(store.directory, 'journal.jsonl'));
  t.after(() => journal.close());
  await setting.journal?.(journal);
  const events: MembershipEvent[] = [];
  const observe = (event: MembershipEvent) => void events.push(event);
  const common = { experiment, channel, trainer: stand, store, journal, batchOf: () => 2, onDamaged: assert.fail, observe };
  const hub = await Hub.open({ ...common, ...options });
  const works: Record<string, Work[]> = {};
  const controls: Record<string, Control[]> = {};
  const joins = experiment.spec.sites.map(({ name }) => async () => {
    if (setting.absent?.includes(name)) return;
    const site = end(name);
    site.serve({
      work: async (work) => {
        works[name] = [...(works[name] ?? []), work];
        return aFeedback(name, work);
      },
      control: async (control) => {
        if (control.kind !== 'restore') controls[name] = [...(controls[name] ?? []), control];
        return control.kind === 'evaluate' ? { kind: 'evaluate', scores: { images: 4, dice: 0.5 } } : control;
      },
      ...setting.handlers?.(name),
    });
    const manifest = { count: COUNTS[name as keyof typeof COUNTS], testCount: setting.testCounts?.[name] ?? 0 };
    await site.join(aHello(name, { manifest, snapshots }), forever());
    await site.sendConditions(someConditions(name, manifest.count), forever());
  });
  const start = async () => {
    const [first] = await Promise.all([hub.start(forever()), ...joins.map((join) => join())]);
    return first;
  };
  const iterate = async (iteration: number, snapshot = false) => {
    const entry = await hub.iterate(iteration, hub.members, snapshot, forever());
    assert.ok(entry);
    return entry;
  };
  return { hub, iterate, events, journal, trainer, store, channel, works, controls, start };
}

test('the run starts when every site has joined and sent its label maps, which are kept beside the checkpoints', async (t) => {
  const { start, store } = await aRun(t);
  assert.equal(await start(), 0);
  for (const [site, count] of Object.entries(COUNTS))
    assert.deepEqual(await readLabelMaps(labelMapFile(store.directory, site)), someConditions(site, count));
});

test('a work has the shape of the site’s batch, its own rows of the images, and conditions of its own maps', async (t) => {
  const { iterate, works, start } = await aRun(t, { options: { batchOf: (site) => (site === 'north' ? 3 : 1) } });
  await start();
  await iterate(7);
  const { north, south } = works;
  assert.deepEqual(north![0]!.fakes.shape, [3, SIZE, SIZE, 3]);
  assert.deepEqual(south![0]!.fakes.shape, [1, SIZE, SIZE, 3]);
  for (const [site, first, count] of [
    ['north', 0, 3],
    ['south', 3, 1],
  ] as const) {
    const [work] = works[site]!;
    assert.equal(works[site]!.length, 1);
    assert.deepEqual(
      work!.fakes.data,
      Float32Array.from({ length: count * VALUES }, (_, i) => (first + Math.floor(i / VALUES)) / 64),
    );
    assert.equal(work!.conditions.length, count);
    for (const { key } of work!.conditions) assert.match(key, new RegExp(`^${site}-\\d$`));
    assert.deepEqual([work!.iteration, work!.generatorVersion], [7, 7]);
  }
});

for (const [mixture, north, south] of [
  ['Uniform', 0.5, 0.5],
  ['SiteSize', 0.75, 0.25],
] as const) {
  test(`the generator gets each image's gradient weighed by its site: ${mixture}`, async (t) => {
    const { iterate, trainer, start } = await aRun(t, { experiment: anExperiment({ training: { mixture } }) });
    await start();
    for (const iteration of [0, 1]) await iterate(iteration);
    trainer.gradients.forEach(({ iteration, gradient }, i) => {
      assert.equal(iteration, i);
      const expected = [0, 1].map((k) => north * slope('north', i, k)).concat([0, 1].map((k) => south * slope('south', i, k)));
      assert.deepEqual(
        gradient,
        Float32Array.from({ length: 4 * VALUES }, (_, at) => expected[Math.floor(at / VALUES)]!),
      );
    });
    assert.equal(trainer.gradients.length, 2);
  });
}

test('rows are in the experiment’s order, whichever site answers first', async (t) => {
  const slow = Promise.withResolvers<void>();
  const { iterate, trainer, works, start } = await aRun(t, {
    handlers: (site) => ({
      work: async (work) => {
        if (site === 'north') await slow.promise;
        else slow.resolve();
        return aFeedback(site, work);
      },
    }),
  });
  await start();
  await iterate(0);
  assert.deepEqual(works, {});
  assert.ok(trainer.gradients[0]!.gradient[0]! > 0 && trainer.gradients[0]!.gradient.at(-1)! < 0);
});

test('a journal entry has what each site said, and the bytes of this iteration alone', async (t) => {
  const { iterate, channel, start } = await aRun(t);
  await start();
  const before = channel.traffic('north');
  const first = await iterate(0);
  const between = channel.traffic('north');
  const second = await iterate(1);
  const end = channel.traffic('north');
  assert.deepEqual(first.sites.north!.bytes, { down: between.down.bytes - before.down.bytes, up: between.up.bytes - before.up.bytes });
  assert.deepEqual(second.sites.north!.bytes, { down: end.down.bytes - between.down.bytes, up: end.up.bytes - between.up.bytes });
  assert.ok(second.sites.north!.bytes.down > 0 && second.sites.north!.bytes.up > 0);
  assert.deepEqual(Object.keys(first.sites), ['north', 'south']);
  assert.deepEqual(first.sites.south!.losses, { discriminator: 1.5, generator: 0.75 });
  assert.equal(first.sites.south!.seconds, 0.125);
  assert.ok(first.seconds > 0);
});

test('the error of a site ends the iteration, with its code, and the generator takes no step', async (t) => {
  class ScannerOnFireError extends Error {
    readonly code = 'SITE_ON_FIRE';
  }
  const { iterate, trainer, start } = await aRun(t, {
    handlers: (site) => (site === 'south' ? { work: async () => Promise.reject(new ScannerOnFireError('the scanner burns')) } : {}),
  });
  await start();
  await assert.rejects(iterate(0), (error) => {
    assert.ok(error instanceof RemoteError);
    assert.equal(error.remoteCode, 'SITE_ON_FIRE');
    assert.match(error.message, /south.*the scanner burns/);
    return true;
  });
  assert.deepEqual(trainer.gradients, []);
});

test('the snapshot flag goes to every site', async (t) => {
  const { iterate, works, start } = await aRun(t);
  await start();
  await iterate(0);
  await iterate(1, true);
  for (const site of ['north', 'south']) {
    assert.deepEqual(
      works[site]!.map(({ snapshot }) => snapshot),
      [false, true],
    );
  }
});

test('snapshotSites asks every site once, with the iterations that are done', async (t) => {
  const { hub, controls, start } = await aRun(t);
  await start();
  assert.equal(await hub.snapshotSites(9, forever()), true);
  assert.deepEqual(controls, { north: [{ kind: 'snapshot', iteration: 9 }], south: [{ kind: 'snapshot', iteration: 9 }] });
});

test('a cut that everybody holds is restored, and the run goes on from it', async (t) => {
  const experiment = anExperiment();
  const weights = (value: number): State => new Map([['weight', { shape: [1], data: Float32Array.of(value) }]]);
  const { start, trainer } = await aRun(t, {
    experiment,
    snapshots: [50],
    journal: async (journal) => {
      const sites = { north: { losses: {}, seconds: 0, bytes: { down: 0, up: 0 } } };
      for (let iteration = 0; iteration < 100; iteration++)
        await journal.append({ iteration, seconds: 0, phases: {}, epoch: 1, sites: { ...sites, south: sites.north } });
    },
    prepare: async (store) => {
      for (const iteration of [50, 100])
        await store.save({
          party: 'hub',
          iteration,
          experimentDigest: experimentDigest(experiment),
          seed: 5,
          state: weights(iteration),
        });
    },
  });
  assert.equal(await start(), 50);
  assert.deepEqual(trainer.restored, weights(50));
});

test('a checkpoint holds the generator’s state under the run’s digest and seed', async (t) => {
  const { hub, store, trainer, start } = await aRun(t);
  await start();
  await hub.checkpoint(3);
  const { party, iteration, seed, state } = await store.load(3, experimentDigest(anExperiment()));
  assert.deepEqual({ party, iteration, seed, state }, { party: 'hub', iteration: 3, seed: 5, state: trainer.state() });
});

test('only sites with test images score the segmenter, and only their numbers come back', async (t) => {
  const { hub, controls, start } = await aRun(t, { testCounts: { south: 4 } });
  await start();
  const weights: State = new Map([['a/weight', { shape: [1, 2], data: Float32Array.of(3, 4) }]]);
  assert.deepEqual(await hub.score({ filters: 4 }, weights, forever()), { south: { images: 4, dice: 0.5 } });
  const sent = { kind: 'evaluate', segmenter: { filters: 4 }, weights: [{ name: 'a/weight', shape: [1, 2], data: Float32Array.of(3, 4) }] };
  assert.deepEqual(controls, { south: [sent] });
});

test('samples show the first maps of every site with the same numbers each time; the release has other numbers', async (t) => {
  const { hub, iterate, trainer, start } = await aRun(t);
  await start();
  const images = [...hub.samples(2)];
  assert.deepEqual(
    images.map(({ site }) => site),
    ['north', 'north', 'south', 'south'],
  );
  assert.deepEqual(images[1]!.classes, someConditions('north', 2).maps[1]!.classes);
  assert.deepEqual(images[2]!.classes, someConditions('south', 1).maps[0]!.classes);
  await iterate(0);
  assert.deepEqual([...hub.samples(2)], images);
  const [first, training, again] = trainer.inputs;
  assert.deepEqual(again, first);
  assert.notDeepEqual(training!.noise, first!.noise.slice(0, training!.noise.length));
  assert.equal([...hub.release(8)].filter(({ site }) => site === 'north').length, 6);
  const release = trainer.inputs.at(-1)!;
  assert.notDeepEqual(release.noise, first!.noise);
});

test('each iteration draws other label maps and numbers, the same in every run', async (t) => {
  const runs = [await aRun(t), await aRun(t)];
  for (const { start, iterate } of runs) {
    await start();
    for (const iteration of [0, 1]) await iterate(iteration);
  }
  assert.deepEqual(runs[0]!.trainer.inputs, runs[1]!.trainer.inputs);
  assert.deepEqual(runs[0]!.works, runs[1]!.works);
  const [first, second] = runs[0]!.trainer.inputs;
  assert.notDeepEqual(first!.noise, second!.noise);
  assert.notDeepEqual(first!.conditions, second!.conditions);
});

test('the style is the place of the site in the experiment, or what the code says', async (t) => {
  const placeOf = ({ style }: GeneratorInput) => [0, 1, 2, 3].map((image) => style.slice(image * 6, image * 6 + 4).indexOf(1));
  const byName = await aRun(t);
  await byName.start();
  await byName.iterate(0);
  assert.deepEqual(placeOf(byName.trainer.inputs[0]!), [0, 0, 1, 1]);
  const byKey = await aRun(t, { options: { code: (_site, { ref }) => Number(ref.key.at(-1)) } });
  await byKey.start();
  await byKey.iterate(0);
  const keys = Object.values(byKey.works).flatMap(([work]) => work!.conditions.map(({ key }) => Number(key.at(-1))));
  assert.deepEqual(placeOf(byKey.trainer.inputs[0]!), keys);
});

test('a gradient that is no longer finite ends the run with what to do', async (t) => {
  const broken = (site: string): Partial<SiteHandlers> => ({
    work: async (work) => {
      const feedback = aFeedback(site, work);
      return { ...feedback, gradient: { ...feedback.gradient, data: feedback.gradient.data.fill(Number.NaN) } };
    },
  });
  const { iterate, start } = await aRun(t, { handlers: (site) => (site === 'south' ? broken(site) : {}) });
  await start();
  await assert.rejects(iterate(0), { code: 'HUB_DIVERGED', message: /^iteration 0: .*site south.*learningRate/ });
});

test('an absent site keeps its places in the batch: they are drawn but not sent, get no gradient, and the others share its weight', async (t) => {
  const experiment = anExperiment({ sites: ['north', 'west', 'south'] });
  const soon = { ...experiment, spec: { ...experiment.spec, membership: { ...experiment.spec.membership, startTimeoutSeconds: 0.1 } } };
  const { hub, iterate, trainer, works, start } = await aRun(t, { experiment: soon, absent: ['west'] });
  assert.equal(await start(), 0);
  assert.deepEqual(hub.members, ['north', 'south']);
  const { sites } = await iterate(0);
  assert.deepEqual(Object.keys(sites), ['north', 'south']);
  assert.equal(trainer.inputs[0]!.conditions.length, 6 * SIZE * SIZE * 2);
  assert.deepEqual(works.south![0]!.fakes.data[0], 4 / 64, 'the places after the absent site’s');
  const weights = [0.75, 0, 0.25];
  const expected = ['north', 'west', 'south'].flatMap((site, s) => [0, 1].map((k) => weights[s]! * slope(site, 0, k) || 0));
  assert.deepEqual(
    trainer.gradients[0]!.gradient,
    Float32Array.from({ length: 6 * VALUES }, (_, at) => expected[Math.floor(at / VALUES)]!),
  );
});

test('without quorum the run does not start, and the message says who is missing', async (t) => {
  const experiment = anExperiment();
  const membership = { ...experiment.spec.membership, minSites: 2, startTimeoutSeconds: 0.05 };
  const { start } = await aRun(t, { experiment: { ...experiment, spec: { ...experiment.spec, membership } }, absent: ['south'] });
  await assert.rejects(start(), { code: 'HUB_NO_QUORUM', retryable: true, message: /1 of the 2 sites .*\(north\), missing are south/ });
});

test('each start has a higher epoch; a site that has seen another raises it, and the others have to join again', async (t) => {
  const { store, channel, iterate, start, journal } = await aRun(t);
  await start();
  assert.equal((await iterate(0)).epoch, 1);
  assert.equal(await readEpoch(store.directory), 1);
  await channel.close();

  const { hub: next, site: end } = inProcessFederation({ run: 'small' });
  t.after(() => next.close());
  const events: MembershipEvent[] = [];
  const about = { experiment: anExperiment(), trainer: new FakeTrainer() as unknown as GeneratorTrainer, store, journal, batchOf: () => 2 };
  await Hub.open({ ...about, channel: next, onDamaged: assert.fail, observe: (event) => events.push(event) });
  const sites = { north: end('north'), south: end('south') };
  const join = (site: 'north' | 'south', hubEpoch: number) => sites[site].join(aHello(site, { snapshots: [0], hubEpoch }), forever());
  assert.equal((await join('north', 1)).hubEpoch, 2);
  assert.equal((await join('north', 2)).hubEpoch, 2, 'it was given this epoch here');
  assert.equal((await join('south', 2)).hubEpoch, 3, 'but south was not');
  assert.equal(await readEpoch(store.directory), 3);
  assert.equal(await sites.north.heartbeat(false, forever()), 'rejoin');
  assert.equal((await join('north', 2)).hubEpoch, 3);
  assert.equal((await join('south', 7)).hubEpoch, 8);
  assert.deepEqual(
    events.map(({ kind, site }) => [kind, site]),
    [
      ['epoch-raised', 'south'],
      ['epoch-raised', 'south'],
    ],
  );
});

test('the end is told to every site that can be reached, and a site that cannot is no hindrance', async (t) => {
  const { hub, start, controls } = await aRun(t, {
    handlers: (site) =>
      site === 'south'
        ? { control: async ({ kind }) => (kind === 'restore' ? { kind, iteration: 0 } : Promise.reject(new Error('gone'))) }
        : {},
  });
  await start();
  await hub.stop('all is done', forever());
  assert.deepEqual(controls, { north: [{ kind: 'stop', reason: 'all is done' }] });
});

test('a hub that has been replaced ends', async (t) => {
  class NewerHub extends Error {
    readonly code = 'WIRE_EPOCH';
  }
  const { iterate, start } = await aRun(t, {
    handlers: (site) => (site === 'south' ? { work: async () => Promise.reject(new NewerHub()) } : {}),
  });
  await start();
  await assert.rejects(iterate(0), { code: 'HUB_REPLACED', message: /south follows a newer hub/ });
});
