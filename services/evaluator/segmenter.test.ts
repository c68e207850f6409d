import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dataset } from '#datasets';
import { configureNative, loadNative, Random, type State } from '#nn';
import { aggregate, scoreSegmentation } from './metrics/score.ts';
import { Segmenter, type SegmenterSpec } from './segmenter.ts';
import { type LabelledImages, type SegmenterTraining, trainSegmenter } from './segmenter-training.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SIZE = 16;
const SPEC: SegmenterSpec = { size: SIZE, channels: 1, labels: { kind: 'Classes', classes: 2 }, filters: 4 };
const TRAINING: SegmenterTraining = { steps: 6, batchSize: 2, cropSize: 16, seed: 3 };

/** Bright rectangles on dark ground: what is bright is class 1. */
function brightRectangles(count: number): Dataset {
  const samples = Array.from({ length: count }, (_, i) => {
    const random = new Random('rectangles', i);
    const [top, left] = [random.integer(8), random.integer(8)];
    const isIn = (p: number) => p % SIZE >= left && p % SIZE < left + 8 && p >= top * SIZE && p < (top + 8) * SIZE;
    const classes = Uint8Array.from({ length: SIZE * SIZE }, (_, p) => (isIn(p) ? 1 : 0));
    return { name: `${i}`, image: classes.map((label) => 40 + 150 * label + random.integer(40)), classes, instances: null };
  });
  const { labels } = SPEC;
  return {
    site: 'north',
    split: 'test',
    count,
    image: { size: SIZE, channels: 1 },
    labels,
    read: async (index) => samples[index]!,
    close: async () => {},
  };
}

const train = (change: Partial<SegmenterTraining> = {}, images: LabelledImages = brightRectangles(4), spec = SPEC): Promise<State> =>
  trainSegmenter(native, images, spec, { ...TRAINING, ...change }, () => {}, new AbortController().signal);

function aSegmenter(t: TestContext, weights: State, spec = SPEC): Segmenter {
  const segmenter = new Segmenter(native, spec, weights);
  t.after(() => segmenter.close());
  return segmenter;
}

test('the same seed gives the same bits, another seed others', async () => {
  const weights = await train();
  assert.deepEqual(await train(), weights);
  const others = await train({ seed: 4 });
  assert.deepEqual([...others.keys()], [...weights.keys()]);
  assert.notDeepEqual(others, weights);
});

test('a plain task is learned: bright is told from dark', async (t) => {
  const unseen = brightRectangles(6);
  const before = await aSegmenter(t, await train({ steps: 1 })).score(unseen);
  const after = await aSegmenter(t, await train({ steps: 80, batchSize: 4 })).score(unseen);
  assert.ok(after.dice > 0.9 && after.hd95 < 2, JSON.stringify(after));
  assert.ok(before.dice < 0.8, JSON.stringify(before));
});

test('steps are told one by one, and images are read from all over the set', async () => {
  const steps: number[] = [];
  const read = new Set<number>();
  const images = brightRectangles(3);
  const watched: LabelledImages = {
    count: 3,
    read: (index) => {
      read.add(index);
      return images.read(index);
    },
  };
  await trainSegmenter(native, watched, SPEC, TRAINING, (step) => steps.push(step), new AbortController().signal);
  assert.deepEqual(steps, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...read].sort(), [0, 1, 2]);
});

test('a stop ends the training with the reason of the signal', async () => {
  const stop = new AbortController();
  const training = trainSegmenter(native, brightRectangles(2), SPEC, TRAINING, (step) => step === 2 && stop.abort('enough'), stop.signal);
  await assert.rejects(training, (reason) => reason === 'enough');
});

test('crops are cut from larger images', async (t) => {
  const spec = { ...SPEC, size: 24 };
  const image = new Uint8Array(24 * 24).fill(90);
  const weights = await train({}, { count: 1, read: async () => ({ image, classes: new Uint8Array(24 * 24) }) }, spec);
  const [probabilities] = aSegmenter(t, weights, spec).predict([image]);
  assert.equal(probabilities!.length, 24 * 24 * 2);
});

test('instances are learned with three classes', async (t) => {
  const spec: SegmenterSpec = { ...SPEC, labels: { kind: 'Instances', classes: 3 } };
  const [probabilities] = aSegmenter(t, await train({}, brightRectangles(4), spec), spec).predict([new Uint8Array(SIZE * SIZE)]);
  assert.equal(probabilities!.length, SIZE * SIZE * 3);
});

test('a segmenter is its weights: another one around them predicts the same, a softmax for each pixel', async (t) => {
  const weights = await train();
  const { image } = await brightRectangles(1).read(0);
  const [first] = aSegmenter(t, weights).predict([image]);
  const [second] = aSegmenter(t, structuredClone(weights)).predict([image]);
  assert.deepEqual(second, first);
  for (let p = 0; p < SIZE * SIZE; p++) assert.ok(Math.abs(first![2 * p]! + first![2 * p + 1]! - 1) < 1e-6);
});

test('a prediction does not depend on the images beside it', async (t) => {
  const segmenter = aSegmenter(t, await train());
  const images = await Promise.all([0, 1, 2].map(async (i) => (await brightRectangles(3).read(i)).image));
  const together = segmenter.predict(images);
  assert.deepEqual(
    images.map((image) => segmenter.predict([image])[0]),
    together,
  );
});

test('the score is the mean over all images, also beyond a whole number of batches', async (t) => {
  const segmenter = aSegmenter(t, await train());
  const dataset = brightRectangles(11);
  const scores = await Promise.all(
    Array.from({ length: dataset.count }, async (_, i) => {
      const sample = await dataset.read(i);
      return scoreSegmentation(segmenter.predict([sample.image])[0]!, sample, SIZE, SIZE, SPEC.labels);
    }),
  );
  assert.deepEqual(await segmenter.score(dataset), aggregate(scores));
});

test('weights of another network are refused', async () => {
  const weights = await train({ steps: 1 });
  const [name] = weights.keys();
  const fewer = new Map([...weights].slice(1));
  const more = new Map([...weights, ['segmenter/extra', { shape: [1], data: new Float32Array(1) }]]);
  for (const [spec, wrong, told] of [
    [{ ...SPEC, filters: 8 }, weights, /expected/],
    [{ ...SPEC, channels: 3 }, weights, /expected/],
    [SPEC, fewer, new RegExp(`'${name}' is missing`)],
    [SPEC, more, /'segmenter\/extra' is no weight/],
  ] as const)
    assert.throws(() => new Segmenter(native, spec, wrong), { code: 'NN_STATE_MISMATCH', message: told });
});
