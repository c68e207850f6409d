import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '#datasets';
import { type Batch, DiscriminatorTrainer } from '#discriminator';
import { experimentDigest } from '#experiment';
import { GeneratorTrainer, type Hub, trainSynchronously } from '#generator';
import { CheckpointStore, configureNative, loadNative, type State } from '#nn';
import { aDataset, anExperiment, forever, SIZE, temporaryFolder } from '../../../test/a-small-run.ts';
import { type Federation, openFederation, openPooledFederation } from './federation.ts';
import type { SiteData } from './site-data.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

type GeneratorInput = Parameters<GeneratorTrainer['forward']>[1];

const PIXELS = SIZE * SIZE;
const EXPERIMENT = anExperiment({
  training: { batchSize: 1, iterations: 4, checkpointEvery: 2 },
  wire: { images: 'UInt8', feedback: 'Float16' },
});

const theData = (counts: Readonly<Record<string, number>> = { north: 3, south: 2 }): SiteData[] =>
  Object.entries(counts).map(([site, count]) => ({ site, train: aDataset(site, count), test: null }));

interface Setting {
  readonly open?: typeof openFederation;
  readonly data?: readonly SiteData[];
}

async function aFederation(
  t: TestContext,
  directory: string,
  { open = openFederation, data = theData() }: Setting = {},
): Promise<Federation> {
  const federation = await open(EXPERIMENT, data, {
    native,
    shards: 2,
    directory,
    journal: join(directory, 'journal.jsonl'),
    events: join(directory, 'events.jsonl'),
    perceptualWeights: null,
    onDamaged: assert.fail,
  });
  t.after(() => federation.close());
  return federation;
}

async function iterate(hub: Hub, iteration: number, snapshot = false) {
  const entry = await hub.iterate(iteration, hub.members, snapshot, forever());
  assert.ok(entry);
  return entry;
}

/** Notes what the networks are shown, on their way in. */
function watchNetworks(t: TestContext) {
  const forward = t.mock.method(GeneratorTrainer.prototype, 'forward').mock;
  const step = t.mock.method(DiscriminatorTrainer.prototype, 'step').mock;
  return {
    inputs: () => forward.calls.map((call) => call.arguments[1] as GeneratorInput),
    images: () => forward.calls.map((call) => call.result as Float32Array),
    steps: () => step.calls.map((call) => ({ reals: call.arguments[1] as Batch[], fake: call.arguments[2] as Batch })),
  };
}

test('a site judges the fakes beside the very label maps that the generator was shown', async (t) => {
  const networks = watchNetworks(t);
  const { hub, start } = await aFederation(t, await temporaryFolder(t));
  assert.equal(start, 0);
  for (const iteration of [0, 1, 2]) await iterate(hub, iteration);
  const byPlanes = new Set(networks.steps().map(({ fake }) => fake.conditions.join()));
  const shown = networks.inputs().flatMap(({ conditions }) => [conditions.slice(0, PIXELS * 2), conditions.slice(PIXELS * 2)]);
  assert.equal(shown.length, 6);
  for (const planes of shown) assert.ok(byPlanes.has(planes.join()));
});

test('a site sees the generator’s images to within half a step of the 8-bit grid', async (t) => {
  const networks = watchNetworks(t);
  const { hub } = await aFederation(t, await temporaryFolder(t));
  await iterate(hub, 0);
  const [made] = networks.images();
  const seen = networks.steps().map(({ fake }) => fake.images);
  for (const images of [made!.slice(0, PIXELS * 3), made!.slice(PIXELS * 3)])
    assert.ok(seen.some((fakes) => fakes.every((value, i) => Math.abs(value - images[i]!) <= 1 / 255 + 1e-6)));
});

test('every site starts from weights of its own, and all take part', async (t) => {
  const directory = await temporaryFolder(t);
  const { hub } = await aFederation(t, directory);
  await hub.snapshotSites(0, forever());
  const [north, south] = await Promise.all(['north', 'south'].map((site) => weightsAt(directory, site, 0)));
  assert.deepEqual([...north!.keys()], [...south!.keys()]);
  assert.notDeepEqual(north, south);
  const { sites } = await iterate(hub, 0);
  assert.deepEqual(Object.keys(sites), ['north', 'south']);
  for (const { losses, bytes } of Object.values(sites)) {
    assert.deepEqual(Object.keys(losses), ['discriminator', 'generator']);
    assert.ok(bytes.down > 0 && bytes.up > 0);
  }
});

test('the error of a site reaches the hub, with what it was', async (t) => {
  const [north, south] = theData();
  const damaged: Dataset = { ...south!.train, read: failOnTurn(south!.train, 3) };
  const { hub } = await aFederation(t, await temporaryFolder(t), { data: [north!, { ...south!, train: damaged }] });
  await assert.rejects(iterate(hub, 0), /south answered INTERNAL: the disk of the hospital is gone/);
});

test('a run that is resumed from its cut ends in the same weights', async (t) => {
  const [whole, broken] = [await temporaryFolder(t), await temporaryFolder(t)];
  await trainOn(await aFederation(t, whole));
  const stop = new AbortController();
  const first = await aFederation(t, broken);
  await trainOn(first, stop, 2);
  await first.close();
  const resumed = await aFederation(t, broken);
  assert.equal(resumed.start, 3);
  await trainOn(resumed);
  for (const party of ['hub', 'north', 'south']) assert.deepEqual(await weightsAt(broken, party, 4), await weightsAt(whole, party, 4));
});

test('training leaves no tensor behind', async (t) => {
  const { hub, liveHandles } = await aFederation(t, await temporaryFolder(t));
  await iterate(hub, 0);
  const held = liveHandles();
  for (const iteration of [1, 2, 3]) await iterate(hub, iteration, true);
  assert.equal(liveHandles(), held);
});

test('Syn-All: one discriminator over all data, which is told the site of every image', async (t) => {
  const networks = watchNetworks(t);
  const data = theData({ north: 3, south: 2 });
  const { hub } = await aFederation(t, await temporaryFolder(t), { open: openPooledFederation, data });
  for (let iteration = 0; iteration < 6; iteration++) {
    const { sites } = await iterate(hub, iteration);
    assert.deepEqual(Object.keys(sites), ['all-sites']);
  }
  const greens = await Promise.all(data.map(async ({ train }) => greensOf(train)));
  const told = { real: new Set<number>(), fake: new Set<number>() };
  networks.steps().forEach(({ reals, fake }, iteration) => {
    assert.equal(fake.images.length, 2 * PIXELS * 3, 'as many images as all sites together');
    for (const [kind, batch] of [...reals.map((real) => ['real', real] as const), ['fake', fake] as const]) {
      for (const image of [0, 1]) {
        const site = siteTold(batch, image);
        told[kind].add(site);
        if (kind === 'real') assert.ok(greens[site]!.has(greenRun(batch.images, image)), 'a real image is of the site that is told');
        else assert.equal(styleOf(networks.inputs()[iteration]!, image), site, 'a fake is in the style of the site that is told');
      }
    }
  });
  for (const sites of Object.values(told)) assert.deepEqual([...sites].sort(), [0, 1]);
});

/** The one site that the planes beside the label map name, for every pixel of an image. */
function siteTold({ conditions, classes }: Batch, image: number): number {
  const sites = Array.from({ length: PIXELS }, (_, p) => {
    const at = image * PIXELS + p;
    const [foreground, boundary, north, south] = conditions.slice(4 * at, 4 * at + 4);
    assert.deepEqual([foreground, boundary], [classes[at]! > 0 ? 1 : 0, classes[at] === 2 ? 1 : 0]);
    assert.equal(north! + south!, 1);
    return south!;
  });
  assert.equal(new Set(sites).size, 1);
  return sites[0]!;
}

const styleOf = ({ style }: GeneratorInput, image: number): number => style.slice(image * 6, image * 6 + 4).indexOf(1);

/** The green values of an image in order of size: the same however it is turned. */
const greenRun = (images: Float32Array, image: number): string =>
  images
    .slice(image * PIXELS * 3, (image + 1) * PIXELS * 3)
    .filter((_, k) => k % 3 === 1)
    .map((value) => Math.round((value + 1) * 127.5))
    .sort()
    .join();

async function greensOf(dataset: Dataset): Promise<Set<string>> {
  const images = await Promise.all([...Array(dataset.count).keys()].map(async (i) => (await dataset.read(i)).image));
  return new Set(
    images.map((image) =>
      greenRun(
        Float32Array.from(image, (value) => value / 127.5 - 1),
        0,
      ),
    ),
  );
}

async function trainOn({ hub, start, journal }: Federation, stop = new AbortController(), abortAfter?: number): Promise<void> {
  const observer = {
    iterated: ({ iteration }: { iteration: number }) => {
      if (iteration === abortAfter) stop.abort();
    },
    sampled: async () => {},
  };
  await trainSynchronously(hub, EXPERIMENT.spec.training, start, journal, observer, stop.signal);
}

async function weightsAt(directory: string, party: string, iteration: number): Promise<State> {
  return (await new CheckpointStore(join(directory, party)).load(iteration, experimentDigest(EXPERIMENT))).state;
}

/** Reads as the data set does, until the label maps have been shared. */
function failOnTurn(dataset: Dataset, turn: number): Dataset['read'] {
  let reads = 0;
  return async (index) => {
    if (++reads >= turn) throw new Error('the disk of the hospital is gone');
    return dataset.read(index);
  };
}
