import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serialize } from 'node:v8';
import type { Dataset } from '#datasets';
import { Segmenter, trainSegmenter } from '#evaluator';
import { experimentDigest } from '#experiment';
import { CheckpointStore, configureNative, loadNative, type State } from '#nn';
import { type ConditionRef, type Conditions, type Hello, IMAGE_CODECS, type SiteChannel, type SiteHandlers, type Work } from '#wire';
import { aDataset, anExperiment, forever, SIZE, temporaryFolder } from '../../test/a-small-run.ts';
import { NoTestImagesError, UnknownConditionError, WrongShapeError } from './errors.ts';
import { Site, type SiteOptions } from './site.ts';
import { type Batch, DiscriminatorTrainer, type Step } from './trainer.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SHAPE = [2, SIZE, SIZE, 3];
const VALUES = SIZE * SIZE * 3;

/** Stands for the network: answers with zeros and notes what it is given. */
class FakeTrainer {
  readonly steps: { iteration: number; reals: readonly Batch[]; fake: Batch; paired: Float32Array | null }[] = [];
  restored: State | null = null;

  step(iteration: number, reals: readonly Batch[], fake: Batch, paired: Float32Array | null): Step {
    this.steps.push({ iteration, reals, fake, paired });
    return { gradient: fake.images.map((value) => value / 8), losses: { discriminator: 1, generator: 2 } };
  }

  state(): State {
    return new Map([['weight', { shape: [1], data: Float32Array.of(this.steps.length) }]]);
  }

  restore(state: State): void {
    this.restored = state;
  }
}

/** The channel's site end: keeps all that the site hands over. */
class Wire implements SiteChannel {
  hello: Hello | null = null;
  conditions: Conditions | null = null;
  handlers!: SiteHandlers;
  readonly heartbeats: boolean[] = [];
  readonly #closing = new AbortController();
  readonly #complete = Promise.withResolvers<void>();
  /** All label maps are here. */
  readonly joined = this.#complete.promise;

  serve(handlers: SiteHandlers): void {
    this.handlers = handlers;
  }

  async join(hello: Hello) {
    this.hello = hello;
    const codecs = { images: 'Float32', feedback: 'Float32' } as const;
    return { hubEpoch: 1, experiment: {}, siteIndex: 0, codecs };
  }

  async sendConditions(conditions: Conditions): Promise<void> {
    this.conditions = conditions;
    this.#complete.resolve();
  }

  async heartbeat(leaving: boolean): Promise<'known'> {
    this.heartbeats.push(leaving);
    return 'known';
  }

  traffic(): never {
    throw new Error('a site does not count');
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
  }
}

interface Setting extends Partial<SiteOptions> {
  readonly restore?: number;
  readonly prepare?: (store: CheckpointStore) => Promise<void>;
}

/** A site that has joined and has been told where to start. */
async function aSite(t: TestContext, { restore = 0, prepare, ...options }: Setting = {}) {
  const store = options.store ?? new CheckpointStore(join(await temporaryFolder(t), 'north'));
  await prepare?.(store);
  const fake = new FakeTrainer();
  const experiment = options.experiment ?? anExperiment();
  const trainer = fake as unknown as DiscriminatorTrainer;
  const common = { name: 'north', experiment, native, trainer, train: aDataset('north', 4), test: null, store, onDamaged: assert.fail };
  const site = new Site({ ...common, batchSize: 2, ...options });
  const wire = new Wire();
  const leave = new AbortController();
  const run = site.run(wire, leave.signal);
  t.after(async () => {
    await wire.close();
    await run.catch(() => {});
  });
  await Promise.race([wire.joined, run]);
  const { work, control } = wire.handlers;
  await control({ kind: 'restore', iteration: restore });
  return { site, wire, store, trainer: fake, work, control, run, leave };
}

/** Snapshots of these iterations, as an earlier process has left them. */
const keep =
  (...iterations: number[]) =>
  async (store: CheckpointStore): Promise<void> => {
    const about = { party: 'north', experimentDigest: experimentDigest(anExperiment()), seed: 5 };
    for (const iteration of iterations)
      await store.save({ ...about, iteration, state: new Map([['weight', { shape: [1], data: Float32Array.of(iteration) }]]) });
  };

function aWork(keys: readonly string[], change: Partial<Work> = {}): Work {
  const conditions = [0, 1].map((i): ConditionRef => ({ key: keys[i]!, top: 0, left: 0, rotate: 1, flip: i === 1 }));
  const fakes = { shape: SHAPE, data: Float32Array.from({ length: 2 * VALUES }, (_, i) => Math.sin(i)) };
  return { iteration: 3, generatorVersion: 3, conditions, fakes, snapshot: false, ...change };
}

test('hello says counts, geometry, codecs, snapshots and the digest of the experiment', async (t) => {
  const { wire } = await aSite(t, { test: aDataset('north', 3, { split: 'test' }), prepare: keep(50, 100), restore: 100 });
  const { policyDigest, ...hello } = wire.hello!;
  assert.deepEqual(hello, {
    site: 'north',
    manifest: { count: 4, size: SIZE, channels: 3, classes: 3, labels: 'Instances', testCount: 3 },
    codecs: { images: IMAGE_CODECS, feedback: ['Float16', 'Int8', 'Float32'] },
    snapshots: [50, 100],
    hubEpoch: 0,
    experimentDigest: experimentDigest(anExperiment()),
  });
  assert.match(policyDigest, /^[0-9a-f]{64}$/);
});

test('all label maps of the training images are shared, each under a key of its own', async (t) => {
  const { wire, site } = await aSite(t);
  const { size, maps } = wire.conditions!;
  assert.equal(size, SIZE);
  const dataset = aDataset('north', 4);
  for (const [i, { key, classes }] of maps.entries()) {
    assert.equal(key, site.keys[i]);
    assert.deepEqual(classes, (await dataset.read(i)).classes);
  }
  assert.equal(new Set(site.keys).size, 4);
});

test('keys are the same when the site starts again, and others at another site or with another seed', async (t) => {
  const { site } = await aSite(t);
  assert.deepEqual((await aSite(t)).site.keys, site.keys);
  const others = [await aSite(t, { name: 'south' }), await aSite(t, { experiment: anExperiment({ training: { seed: 6 } }) })];
  for (const { site: other } of others) assert.ok(other.keys.every((key) => !site.keys.includes(key)));
});

test('a site that holds nothing keeps its seed, so that it can be told to start from it', async (t) => {
  const { wire, control, work, site, trainer } = await aSite(t);
  assert.deepEqual(wire.hello!.snapshots, [0]);
  await work(aWork(site.keys));
  await control({ kind: 'restore', iteration: 0 });
  assert.deepEqual([...trainer.restored!.get('weight')!.data], [0]);
});

test('going back discards what was kept after it', async (t) => {
  const { store, control } = await aSite(t, { prepare: keep(50, 100, 150), restore: 150 });
  await control({ kind: 'restore', iteration: 100 });
  assert.deepEqual(await store.usable(experimentDigest(anExperiment()), assert.fail), [50, 100]);
});

test('no step and no snapshot before the hub has said which state to start from, nor out of step', async (t) => {
  const { wire, site, work, control, trainer } = await aSite(t);
  await work(aWork(site.keys));
  await assert.rejects(work(aWork(site.keys)), { code: 'SITE_OUT_OF_STEP' });
  await assert.rejects(control({ kind: 'snapshot', iteration: 3 }), { code: 'SITE_OUT_OF_STEP' });
  const again = new Wire();
  const run = site.run(again, forever());
  await again.joined;
  await assert.rejects(work(aWork(site.keys, { iteration: 4 })), { code: 'SITE_NOT_RESTORED', retryable: true });
  await assert.rejects(control({ kind: 'snapshot', iteration: 4 }), { code: 'SITE_NOT_RESTORED' });
  assert.equal(trainer.steps.length, 1);
  await Promise.all([again, wire].map((each) => each.close()));
  await run.catch(() => {});
});

test('a site that is asked to leave finishes its step, keeps its state, then says so', async (t) => {
  const { wire, site, work, run, leave, store } = await aSite(t);
  const working = work(aWork(site.keys));
  leave.abort();
  assert.deepEqual(await run, { kind: 'left' });
  assert.equal((await working).iteration, 3);
  assert.deepEqual(wire.heartbeats.at(-1), true);
  const own = new CheckpointStore(join(store.directory, 'own'));
  assert.deepEqual([...(await own.load(4, experimentDigest(anExperiment()))).state.get('weight')!.data], [1]);
  await assert.rejects(work(aWork(site.keys, { iteration: 4 })), { code: 'SITE_LEAVING', retryable: true });
});

test('what a site keeps as it leaves pushes out none of the cuts', async (t) => {
  let { store, ...rest } = await aSite(t, { prepare: keep(50, 100, 150), restore: 150 });
  for (const iteration of [151, 160, 170, 180]) {
    await rest.work(aWork(rest.site.keys, { iteration }));
    rest.leave.abort();
    await rest.run;
    const { store: same, ...next } = await aSite(t, { store, restore: iteration + 1 });
    store = same;
    rest = next;
    assert.deepEqual(rest.wire.hello!.snapshots.slice(0, 3), [50, 100, 150]);
    assert.equal(rest.wire.hello!.snapshots.at(-1), iteration + 1);
  }
});

test('the hub’s stop ends the run with its reason', async (t) => {
  const { control, run } = await aSite(t);
  assert.deepEqual(await control({ kind: 'stop', reason: 'all is done' }), { kind: 'stop' });
  assert.deepEqual(await run, { kind: 'stopped', reason: 'all is done' });
});

test('a work is answered with the gradient for its own fakes', async (t) => {
  const { site, work } = await aSite(t);
  const asked = aWork(site.keys);
  const { seconds, ...feedback } = await work(asked);
  assert.deepEqual(feedback, {
    iteration: 3,
    generatorVersion: 3,
    gradient: { shape: SHAPE, data: asked.fakes.data.map((value) => value / 8) },
    losses: { discriminator: 1, generator: 2 },
    snapshotTaken: false,
  });
  assert.ok(seconds >= 0);
});

test('fakes are judged beside the label maps that they were made from', async (t) => {
  const { site, work, trainer } = await aSite(t);
  const asked = aWork([site.keys[2]!, site.keys[0]!]);
  await work(asked);
  const { fake, paired } = trainer.steps[0]!;
  assert.deepEqual(fake.images, asked.fakes.data);
  for (const [i, index] of [2, 0].entries()) {
    const { classes } = await aDataset('north', 4).read(index);
    const turned = fake.classes.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
    assert.notDeepEqual(turned, classes, 'the reference turns it');
    assert.deepEqual(turned.toSorted(), classes.toSorted());
  }
  assert.equal(paired, null);
});

test('real images are drawn anew for each discriminator step, whatever was asked before', async (t) => {
  const experiment = anExperiment({ training: { discriminatorSteps: 3 } });
  const [first, second] = [await aSite(t, { experiment }), await aSite(t, { experiment })];
  await first.work(aWork(first.site.keys, { iteration: 1, generatorVersion: 1 }));
  for (const { work, site } of [first, second]) await work(aWork(site.keys));
  const [, again] = first.trainer.steps;
  const { reals } = second.trainer.steps[0]!;
  assert.equal(new Set(reals.map(({ images }) => images.join())).size, 3);
  assert.deepEqual(again!.reals, reals);
});

for (const losses of [{ l1: 1 }, { perceptual: 1, perceptualWeights: 'vgg16.safetensors' }]) {
  test(`the real images of the fakes' label maps are used for ${Object.keys(losses)[0]} alone`, async (t) => {
    const { site, work, trainer } = await aSite(t, { experiment: anExperiment({ training: { losses } }) });
    await work(aWork(site.keys));
    const { paired, fake } = trainer.steps[0]!;
    assert.deepEqual(
      [...fake.classes].map((label) => 100 * label),
      [...paired!].filter((_, k) => k % 3 === 0).map((red) => Math.round((red + 1) * 127.5)),
    );
  });
}

test('fakes of another shape are refused before anything is learned from them', async (t) => {
  const { site, work, trainer } = await aSite(t);
  for (const shape of [
    [1, SIZE, SIZE, 3],
    [2, 8, SIZE, 3],
    [2, SIZE, SIZE, 1],
  ]) {
    const fakes = { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) };
    await assert.rejects(work(aWork(site.keys, { fakes })), (error) => {
      assert.ok(error instanceof WrongShapeError);
      assert.match(error.message, new RegExp(`site north: .*\\[${shape}\\].*\\[2,16,16,3\\]`));
      return true;
    });
  }
  assert.deepEqual(trainer.steps, []);
});

test('conditions that the site has not shared are refused', async (t) => {
  const { site, work, trainer } = await aSite(t);
  await assert.rejects(work(aWork([site.keys[0]!, 'unheard-of'])), UnknownConditionError);
  const outside: ConditionRef = { key: site.keys[0]!, top: 1, left: 0, rotate: 0, flip: false };
  await assert.rejects(work(aWork(site.keys, { conditions: [outside, outside] })), UnknownConditionError);
  assert.deepEqual(trainer.steps, []);
});

test('a work with the snapshot flag keeps the state after it, under the iterations that are done', async (t) => {
  const { site, work, store } = await aSite(t);
  const digest = experimentDigest(anExperiment());
  assert.equal((await work(aWork(site.keys))).snapshotTaken, false);
  assert.deepEqual(await store.usable(digest, assert.fail), [0]);
  assert.equal((await work(aWork(site.keys, { iteration: 4, generatorVersion: 4, snapshot: true }))).snapshotTaken, true);
  const { party, seed, state } = await store.load(5, digest);
  assert.deepEqual([party, seed, [...state.get('weight')!.data]], ['north', 5, [2]]);
});

test('the hub can have a snapshot taken and restored', async (t) => {
  const { control, store, trainer, work, site } = await aSite(t);
  await work(aWork(site.keys, { iteration: 6 }));
  assert.deepEqual(await control({ kind: 'snapshot', iteration: 7 }), { kind: 'snapshot', iteration: 7 });
  assert.deepEqual(await store.usable(experimentDigest(anExperiment()), assert.fail), [0, 7]);
  assert.deepEqual(await control({ kind: 'restore', iteration: 7 }), { kind: 'restore', iteration: 7 });
  assert.deepEqual(trainer.restored, trainer.state());
  await assert.rejects(control({ kind: 'restore', iteration: 8 }), { code: 'NN_CHECKPOINT_DAMAGED' });
});

test('more condition channels are added to reals and fakes alike, by the keys of their label maps', async (t) => {
  const asked: (readonly string[])[] = [];
  const { site, work, trainer } = await aSite(t, {
    extraConditions: (keys, { conditions }) => {
      asked.push(keys);
      return Float32Array.of(...conditions, 9);
    },
  });
  await work(aWork([site.keys[3]!, site.keys[1]!]));
  const [{ reals, fake }] = trainer.steps as [(typeof trainer.steps)[number]];
  for (const { conditions } of [...reals, fake]) assert.deepEqual([conditions.length, conditions.at(-1)], [2 * SIZE * SIZE * 2 + 1, 9]);
  assert.deepEqual(asked.at(-1), [site.keys[3], site.keys[1]]);
  assert.ok(asked[0]!.every((key) => site.keys.includes(key)));
});

const SEGMENTER = { size: SIZE, channels: 3, labels: { kind: 'Instances', classes: 3 }, filters: 4 } as const;

const aSegmenter = async (): Promise<State> =>
  trainSegmenter(native, aDataset('hub', 2), SEGMENTER, { steps: 1, batchSize: 1, cropSize: 16, seed: 1 }, () => {}, forever());

test('a segmenter is scored on the test images; without them the site says so', async (t) => {
  const weights = await aSegmenter();
  const message = { kind: 'evaluate', segmenter: SEGMENTER, weights: [...weights].map(([name, value]) => ({ name, ...value })) } as const;
  const testImages = aDataset('north', 3, { split: 'test' });
  const { control } = await aSite(t, { test: testImages });
  const segmenter = new Segmenter(native, SEGMENTER, weights);
  assert.deepEqual(await control(message), { kind: 'evaluate', scores: { images: 3, ...(await segmenter.score(testImages)) } });
  segmenter.close();
  await assert.rejects((await aSite(t)).control(message), NoTestImagesError);
});

/*
 * What leaves the site, as raw bytes: every value that it hands to the channel, serialised without compression.
 */

/** The bytes of any 4 neighbouring pixels of the data set, as 8-bit values and as the networks see them. */
async function pixelRuns(dataset: Dataset): Promise<Buffer[]> {
  const images = await Promise.all(Array.from({ length: dataset.count }, async (_, i) => (await dataset.read(i)).image));
  return images.flatMap((image) =>
    Array.from({ length: SIZE * SIZE - 3 }, (_, p) => image.subarray(3 * p, 3 * p + 12)).flatMap((run) => [
      Buffer.from(run),
      bytesOf(Float32Array.from(run, (value) => value / 127.5 - 1)),
    ]),
  );
}

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

test('no real pixel, file name or weight of the discriminator leaves the site', async (t) => {
  const experiment = anExperiment();
  const { model, training } = experiment.spec;
  const train = aDataset('north', 4);
  const testImages = aDataset('north', 2, { split: 'test' });
  const trainer = new DiscriminatorTrainer(native, {
    model,
    training,
    batchSize: 2,
    conditionChannels: 2,
    seed: 1,
    perceptualWeights: null,
  });
  const first = [...trainer.state().values()];
  const { wire, site, work, control } = await aSite(t, { experiment, trainer, train, test: testImages });
  const feedback = [await work(aWork(site.keys, { snapshot: true })), await work(aWork(site.keys, { iteration: 4, generatorVersion: 4 }))];
  const weights = [...(await aSegmenter())].map(([name, value]) => ({ name, ...value }));
  const scores = await control({ kind: 'evaluate', segmenter: SEGMENTER, weights });
  const refusal = await work(aWork(['unheard-of', 'unheard-of'])).catch(({ code, message }) => ({ code, message }));
  const left = serialize([wire.hello, wire.conditions, feedback, scores, refusal]);

  assert.ok(feedback.every(({ gradient }) => gradient.data.some((value) => value !== 0)));
  for (const pixels of [...(await pixelRuns(train)), ...(await pixelRuns(testImages))]) assert.ok(!left.includes(pixels));
  assert.ok(!left.includes('patient'));
  const weightsThere = [...first, ...trainer.state().values()].map(({ data }) => data.subarray(0, 4)).filter((some) => some.every(Boolean));
  assert.ok(weightsThere.length > 10);
  for (const some of weightsThere) assert.ok(!left.includes(bytesOf(some)));
  trainer.close();

  const real = await train.read(0);
  const leak = serialize([{ gradient: Float32Array.from(real.image, (value) => value / 127.5 - 1) }, real]);
  assert.equal((await pixelRuns(train)).filter((pixels) => leak.includes(pixels)).length, 2 * (SIZE * SIZE - 3), 'a leak would be found');
  assert.ok(leak.includes('patient'));
});

test('before any work, what leaves the site does not depend on a real pixel at all', async (t) => {
  const train = aDataset('north', 4);
  const other: Dataset = {
    ...train,
    read: async (index) => {
      const sample = await train.read(index);
      return { ...sample, name: `other-${index}`, image: sample.image.map((value) => 255 - value) };
    },
  };
  const [first, second] = [await aSite(t, { train }), await aSite(t, { train: other })];
  assert.deepEqual(second.wire.hello, first.wire.hello);
  assert.deepEqual(second.wire.conditions, first.wire.conditions);
});
