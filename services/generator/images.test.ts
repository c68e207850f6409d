import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { configureNative, loadNative } from '#nn';
import { throughImageCodec } from '#wire';
import { anExperiment, SIZE } from '../../test/a-small-run.ts';
import { someConditions } from './a-site.ts';
import { ConditionLibrary } from './condition-library.ts';
import { generatorInput, type Order, releaseOrders, type SiteCode, synthesize, wholeOrder } from './images.ts';
import { GeneratorTrainer, SYNTHESIS_BATCH, styleLength } from './trainer.ts';

const SITES = ['north', 'south'];
const { model, training } = anExperiment().spec;
const library = aLibrary({ north: 5, south: 3 });
const siteCode: SiteCode = (site) => SITES.indexOf(site);
const input = (orders: readonly Order[], code = siteCode) => generatorInput(model, training.seed, library, code, orders);

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const trainer = new GeneratorTrainer(loadNative(), { model, training, batchSize: 4 });
after(() => trainer.close());

function aLibrary(counts: Readonly<Record<string, number>>): ConditionLibrary {
  const all = new ConditionLibrary(model.labels, training.seed);
  for (const [site, count] of Object.entries(counts)) all.store(site, someConditions(site, count));
  return all;
}

test('a release is shared out by the label maps, to the last image', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 120 }), (maps, total) => {
      const byName = Object.fromEntries(maps.map((count, i) => [`site-${i}`, count]));
      const orders = releaseOrders(aLibrary(byName), Object.keys(byName), total);
      assert.equal(orders.length, total);
      const all = maps.reduce((a, b) => a + b, 0);
      maps.forEach((count, i) => {
        const own = orders.filter(({ site }) => site === `site-${i}`).length;
        assert.ok(Math.abs(own - (total * count) / all) < 1, `${own} of ${total} for ${count} of ${all} maps`);
      });
    }),
    { numRuns: 50 },
  );
});

test('the largest remainders are rounded up, of equal ones the first', () => {
  const shares = (counts: Readonly<Record<string, number>>, total: number) =>
    releaseOrders(aLibrary(counts), Object.keys(counts), total).map(({ site }) => site);
  assert.deepEqual(shares({ north: 5, south: 3, west: 2 }, 3), ['north', 'south', 'west']);
  assert.deepEqual(shares({ north: 1, south: 1 }, 3), ['north', 'north', 'south']);
});

test('as many images as label maps: each map once, as it is', () => {
  const classes = releaseOrders(library, SITES, 8).map(({ condition }) => condition.classes);
  const maps = [...someConditions('north', 5).maps, ...someConditions('south', 3).maps];
  assert.deepEqual(
    classes,
    maps.map((map) => map.classes),
  );
});

test('random numbers are those of the order’s name: the same beside any other order, others under another name', () => {
  const [first, second] = [wholeOrder(library, 'north', 0, 'release'), wholeOrder(library, 'north', 1, 'release')];
  const alone = input([first]);
  const behind = input([second, first]);
  assert.deepEqual(behind.noise.slice(SIZE * SIZE), alone.noise);
  assert.deepEqual(behind.style.slice(styleLength(model)), alone.style);
  assert.deepEqual(behind.conditions.slice(alone.conditions.length), alone.conditions);
  const renamed = input([wholeOrder(library, 'north', 0, 'sample')]);
  assert.notDeepEqual(renamed.noise, alone.noise);
  assert.notDeepEqual(renamed.style, alone.style);
  assert.deepEqual(renamed.conditions, alone.conditions);
});

test('the style is the site’s code, then the latent numbers', () => {
  const { siteCapacity, latentChannels } = model.generator;
  const { style } = input([wholeOrder(library, 'south', 0, 'release')]);
  assert.equal(style.length, siteCapacity + latentChannels);
  assert.deepEqual([...style.slice(0, siteCapacity)], [0, 1, 0, 0]);
  assert.ok(style.slice(siteCapacity).every((value) => value !== 0));
});

test('without style, latent numbers and noise, the label map is all that is shown', () => {
  const plain = { ...model, generator: { ...model.generator, siteStyle: false, latentChannels: 0, noiseChannels: 0 } };
  const { style, noise, conditions } = generatorInput(plain, 1, library, siteCode, [wholeOrder(library, 'north', 0, 'release')]);
  assert.deepEqual([style.length, noise.length, conditions.length], [0, 0, 2 * SIZE * SIZE]);
});

test('an image is the same in whatever batch it is made, the last one that is not full included', () => {
  const orders = releaseOrders(library, SITES, SYNTHESIS_BATCH + 3);
  const images = [...synthesize(trainer, input, orders)];
  assert.deepEqual(
    images.map(({ site, classes }) => [site, classes]),
    orders.map(({ site, condition }) => [site, condition.classes]),
  );
  for (const image of images) assert.equal(image.image.length, SIZE * SIZE * model.image.channels);
  assert.equal(new Set(images.map(({ image }) => image.join())).size, images.length, 'no two images are alike');
  const reversed = [...synthesize(trainer, input, orders.toReversed())].reverse();
  assert.deepEqual(reversed, images);
  assert.deepEqual([...synthesize(trainer, input, [orders[9]!])], [images[9]]);
});

test('the site code decides the style', () => {
  const order = wholeOrder(library, 'north', 0, 'release');
  const [own] = synthesize(trainer, input, [order]);
  const [other] = synthesize(trainer, (orders) => input(orders, () => 3), [order]);
  assert.notDeepEqual(other!.image, own!.image);
});

test('an image has the bytes that the sites saw of the same numbers in training', () => {
  const numbers = fc.array(fc.float({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(numbers, (some) => {
      const values = Float32Array.from([-1, 1, 0, ...some]);
      const batch = Float32Array.from({ length: SYNTHESIS_BATCH * values.length }, (_, i) => values[i % values.length]!);
      const stand = { synthesize: () => batch } as unknown as GeneratorTrainer;
      const [made] = synthesize(stand, input, [wholeOrder(library, 'north', 0, 'release')]);
      assert.deepEqual([...made!.image.slice(0, 3)], [0, 255, 128]);
      const seen = throughImageCodec({ shape: [values.length], data: values }, 'UInt8').data;
      assert.deepEqual(
        made!.image,
        Uint8Array.from(seen, (value) => Math.round((value + 1) * 127.5)),
      );
    }),
  );
});

test('no orders, no images', () => {
  assert.deepEqual([...synthesize(trainer, input, [])], []);
});
