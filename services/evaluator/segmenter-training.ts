import { cropImage, drawPlacement } from '#datasets';
import type { ReleaseSpec } from '#experiment';
import {
  Adam,
  add,
  crossEntropy,
  diceLoss,
  Graph,
  mul,
  type Native,
  Parameters,
  Random,
  randomNormal,
  reshape,
  Scope,
  Session,
  type State,
  scale,
  slice,
  softmax,
  unet,
} from '#nn';
import { NETWORK, type SegmenterSpec } from './segmenter.ts';

/** What a segmenter is trained on, read by index. */
export interface LabelledImages {
  readonly count: number;
  /** image: [size, size, channels] 0..255, classes: [size, size]. */
  read(index: number): Promise<{ readonly image: Uint8Array; readonly classes: Uint8Array }>;
}

export type SegmenterTraining = Pick<ReleaseSpec['evaluate'], 'steps' | 'batchSize' | 'cropSize'> & { readonly seed: number };

const PEAK_RATE = 2e-3;
/** Fraction of the steps in which the rate rises. */
const WARM_UP = 0.15;
/** Contrast and brightness of a crop change by up to so much, and each pixel gets noise; on the scale -1..1. */
const JITTER = { gain: 0.15, offset: 0.1, noise: 0.03 };
/** Of background, interior, boundary: boundaries count twice, they part touching nuclei. */
const INSTANCE_WEIGHTS = [1, 1, 2];

/**
 * Trains the U-Net: random crops, turns, mirror images and jitter; cross-entropy plus soft Dice; Adam with a one-cycle rate.
 * Every training set gets exactly the same treatment. Gives the weights and running statistics for a Segmenter.
 */
export async function trainSegmenter(
  native: Native,
  images: LabelledImages,
  spec: SegmenterSpec,
  training: SegmenterTraining,
  onStep: (step: number) => void,
  signal: AbortSignal,
): Promise<State> {
  const { steps, batchSize, cropSize, seed } = training;
  const graph = new Graph();
  const parameters = new Parameters(graph, NETWORK, seed);
  const adam = trainingRun(graph, parameters, spec, training);
  const session = new Session(native, graph);
  try {
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      const batch = await drawBatch(images, spec, batchSize, cropSize, new Random(seed, 'segmenter', step));
      session.run(
        'train',
        { ...batch, 'noise-seed': Float32Array.of(seed % 2 ** 24, step), ...adam.feeds(step + 1, oneCycleRate(step, steps)) },
        [],
      );
      onStep(step + 1);
    }
    return new Map([...session.state()].filter(([name]) => !/\/moment[12]$/.test(name)));
  } finally {
    session.close();
  }
}

function trainingRun(
  graph: Graph,
  parameters: Parameters,
  { channels, labels, filters }: SegmenterSpec,
  { batchSize, cropSize }: SegmenterTraining,
): Adam {
  const adam = new Adam(parameters, { beta1: 0.9, beta2: 0.999 });
  graph.run('train', () => {
    const pixels = [batchSize, cropSize, cropSize];
    const clean = graph.placeholder('images', [...pixels, channels]);
    const targets = graph.placeholder('targets', [...pixels, labels.classes]);
    const noise = scale(randomNormal(clean.shape, graph.placeholder('noise-seed', [2])), JITTER.noise);
    const noisy = add(
      add(mul(clean, graph.placeholder('gain', [batchSize, 1, 1, 1])), graph.placeholder('offset', [batchSize, 1, 1, 1])),
      noise,
    );
    const logits = unet(new Scope(parameters, { initializer: 'HeNormal' }), noisy, { filters, classes: labels.classes, training: true });
    const rows = [batchSize * cropSize * cropSize, labels.classes];
    const foreground = (classes: typeof targets) => slice(classes, [0, 1], [rows[0]!, labels.classes - 1]);
    const weights = labels.kind === 'Instances' ? graph.constant(INSTANCE_WEIGHTS) : null;
    const overlap = diceLoss(foreground(softmax(reshape(logits, rows))), foreground(reshape(targets, rows)));
    const loss = add(crossEntropy(logits, targets, weights), overlap);
    adam.minimise(loss);
    return { loss };
  });
  return adam;
}

async function drawBatch(
  images: LabelledImages,
  { size, channels, labels }: SegmenterSpec,
  n: number,
  crop: number,
  random: Random,
): Promise<Record<string, Float32Array>> {
  const pixels = crop * crop;
  const batch = {
    images: new Float32Array(n * pixels * channels),
    targets: new Float32Array(n * pixels * labels.classes),
    gain: new Float32Array(n),
    offset: new Float32Array(n),
  };
  for (let i = 0; i < n; i++) {
    const { image, classes } = await images.read(random.integer(images.count));
    const placement = drawPlacement(random, size, crop);
    const cut = cropImage(image, size, channels, placement, crop);
    cut.forEach((value, k) => {
      batch.images[i * cut.length + k] = value / 127.5 - 1;
    });
    cropImage(classes, size, 1, placement, crop).forEach((label, k) => {
      batch.targets[(i * pixels + k) * labels.classes + label] = 1;
    });
    batch.gain[i] = 1 + JITTER.gain * (2 * random.uniform() - 1);
    batch.offset[i] = JITTER.offset * (2 * random.uniform() - 1);
  }
  return batch;
}

/** Cosine up from a 25th of the peak rate, then cosine down to nearly nothing (Smith and Topin 2018). */
function oneCycleRate(step: number, steps: number): number {
  const turn = WARM_UP * steps;
  const cosine = (from: number, to: number, done: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * done));
  return step < turn ? cosine(PEAK_RATE / 25, PEAK_RATE, step / turn) : cosine(PEAK_RATE, PEAK_RATE / 25e4, (step - turn) / (steps - turn));
}
