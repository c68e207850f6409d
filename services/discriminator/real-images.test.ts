import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conditionImage, cropImage, type Placement } from '#datasets';
import { type ImageCodec, throughImageCodec } from '#wire';
import { aDataset } from '../../test/a-small-run.ts';
import { RealImages } from './real-images.ts';

const SIZE = 16;
const CROP = 8;
const PIXELS = CROP * CROP;
const COUNT = 4;
const KEYS = Array.from({ length: COUNT }, (_, i) => `key-${i}`);

interface Setting {
  readonly site?: string;
  readonly seed?: number;
  readonly codec?: ImageCodec;
}

const theImages = ({ site = 'north', seed = 5, codec = 'UInt8' }: Setting = {}) =>
  new RealImages({ ...aDataset('north', COUNT), site }, KEYS, CROP, seed, codec);

const placement = fc.record<Placement>({
  top: fc.integer({ min: 0, max: SIZE - CROP }),
  left: fc.integer({ min: 0, max: SIZE - CROP }),
  rotate: fc.constantFrom(0, 1, 2, 3),
  flip: fc.boolean(),
});

test('a draw depends on the seed, the site, the iteration and the step alone', async () => {
  const used = theImages();
  for (const iteration of [0, 1, 2]) await used.draw(3, iteration, 0);
  const drawn = await used.draw(2, 4, 1);
  assert.deepEqual(await theImages().draw(2, 4, 1), drawn);
  for (const [other, iteration, step] of [
    [{ seed: 6 }, 4, 1],
    [{ site: 'south' }, 4, 1],
    [{}, 5, 1],
    [{}, 4, 0],
  ] as const)
    assert.notDeepEqual((await theImages(other).draw(2, iteration, step)).batch, drawn.batch);
});

test('image, classes and condition planes of a draw are of one place, and the key names its label map', async () => {
  const { keys, batch } = await theImages().draw(6, 0, 0);
  assert.deepEqual([batch.images.length, batch.classes.length, batch.conditions.length], [6 * PIXELS * 3, 6 * PIXELS, 6 * PIXELS * 2]);
  batch.classes.forEach((label, p) => {
    assert.equal(Math.round((batch.images[p * 3]! + 1) * 127.5), 100 * label);
    assert.deepEqual([batch.conditions[p * 2], batch.conditions[p * 2 + 1]], [label > 0 ? 1 : 0, label === 2 ? 1 : 0]);
  });
  const dataset = aDataset('north', COUNT);
  for (const [i, key] of keys.entries()) {
    const { image } = await dataset.read(KEYS.indexOf(key));
    const greens = new Set(image.filter((_, k) => k % 3 === 1));
    const drawn = batch.images.slice(i * PIXELS * 3, (i + 1) * PIXELS * 3).filter((_, k) => k % 3 === 1);
    assert.ok(drawn.every((value) => greens.has(Math.round((value + 1) * 127.5))));
  }
});

test('every image and every symmetry is drawn some day', async () => {
  const images = theImages();
  const draws = await Promise.all(Array.from({ length: 40 }, (_, iteration) => images.draw(2, iteration, 0)));
  assert.deepEqual([...new Set(draws.flatMap(({ keys }) => keys))].sort(), KEYS);
  assert.equal(new Set(draws.map(({ batch }) => batch.images.join())).size, 40);
});

test('at - gives exactly the places that the hub cut its conditions from', async () => {
  const dataset = aDataset('north', COUNT);
  const places = fc.array(fc.tuple(fc.nat(COUNT - 1), placement), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(places, async (wanted) => {
      const batch = await theImages().at(wanted.map(([index, place]) => ({ key: KEYS[index]!, ...place })));
      for (const [i, [index, place]] of wanted.entries()) {
        const { image, classes } = await dataset.read(index);
        const cut = cropImage(classes, SIZE, 1, place, CROP);
        const planes = new Float32Array(PIXELS * 2);
        conditionImage(cut, dataset.labels, planes, 0);
        assert.deepEqual(batch!.classes.slice(i * PIXELS, (i + 1) * PIXELS), cut);
        assert.deepEqual(batch!.conditions.slice(i * PIXELS * 2, (i + 1) * PIXELS * 2), planes);
        assert.deepEqual(
          Uint8Array.from(batch!.images.slice(i * PIXELS * 3, (i + 1) * PIXELS * 3), (value) => Math.round((value + 1) * 127.5)),
          cropImage(image, SIZE, 3, place, CROP),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('at - a label map or a place that is not ours is no batch', async () => {
  const ours = { key: 'key-0', top: SIZE - CROP, left: 0, rotate: 0, flip: false } as const;
  assert.ok(await theImages().at([ours]));
  for (const change of [{ key: 'key-9' }, { top: SIZE - CROP + 1 }, { left: SIZE }])
    assert.equal(await theImages().at([ours, { ...ours, ...change }]), null);
});

for (const codec of ['UInt8', 'Float16', 'Float32'] as const) {
  test(`values lie on the grid that ${codec} fakes lie on`, async () => {
    const { images } = (await theImages({ codec }).draw(4, 0, 0)).batch;
    const exact = images.map((value) => Math.round((value + 1) * 127.5) / 127.5 - 1);
    assert.deepEqual(images, throughImageCodec({ shape: [exact.length], data: exact }, codec).data);
  });
}
