import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExperiment } from '#experiment';
import { configureNative, loadNative, Random, type State } from '#nn';
import { type Batch, DiscriminatorTrainer, type DiscriminatorTrainerSpec, type Step } from './trainer.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SIZE = 16;
const BATCH = 2;
const PIXELS = BATCH * SIZE * SIZE;
const CONDITION_CHANNELS = 2;

interface Changes {
  readonly discriminator?: Record<string, unknown>;
  readonly training?: Record<string, unknown>;
  readonly losses?: Record<string, unknown>;
  readonly optimizer?: Record<string, unknown>;
}

function specWith({ discriminator = {}, training = {}, losses = {}, optimizer = {} }: Changes): DiscriminatorTrainerSpec {
  const document = {
    apiVersion: 'asyndgan.io/v1alpha1',
    kind: 'AsynDGANExperiment',
    metadata: { name: 'test' },
    spec: {
      model: { discriminator: { filters: 4, layers: 2, ...discriminator } },
      training: { cropSize: SIZE, iterations: 100, losses, optimizer, ...training },
      sites: [{ name: 'a', dataset: { path: 'a' } }],
    },
  };
  const { spec } = parseExperiment(JSON.stringify(document), 'test');
  const perceptualWeights = spec.training.losses.perceptual > 0 ? narrowVgg() : null;
  return {
    model: spec.model,
    training: spec.training,
    batchSize: BATCH,
    conditionChannels: CONDITION_CHANNELS,
    seed: 5,
    perceptualWeights,
  };
}

/** Weights that have the names of VGG16, but two channels a layer. */
function narrowVgg(): State {
  const random = new Random('vgg');
  const state: State = new Map();
  for (const layer of [0, 2, 5, 7, 10, 12, 14, 17, 19, 21]) {
    const inputs = layer === 0 ? 3 : 2;
    state.set(`features.${layer}.weight`, { shape: [2, inputs, 3, 3], data: random.normals(18 * inputs, 0.5) });
    state.set(`features.${layer}.bias`, { shape: [2], data: random.normals(2, 0.1) });
  }
  return state;
}

function batchOf(...name: readonly (string | number)[]): Batch {
  const random = new Random(...name);
  const uniform = (count: number) => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
  return {
    images: uniform(3 * PIXELS),
    conditions: Float32Array.from({ length: CONDITION_CHANNELS * PIXELS }, () => random.integer(2)),
    classes: Uint8Array.from({ length: PIXELS }, () => random.integer(3)),
  };
}

function stepOf(trainer: DiscriminatorTrainer, { training }: DiscriminatorTrainerSpec, iteration: number): Step {
  const reals = Array.from({ length: training.discriminatorSteps }, (_, i) => batchOf('real', iteration, i));
  const paired = training.losses.l1 > 0 || training.losses.perceptual > 0 ? batchOf('paired', iteration).images : null;
  return trainer.step(iteration, reals, batchOf('fake', iteration), paired);
}

function withTrainer<T>(spec: DiscriminatorTrainerSpec, use: (trainer: DiscriminatorTrainer) => T): T {
  const trainer = new DiscriminatorTrainer(native, spec);
  try {
    return use(trainer);
  } finally {
    trainer.close();
  }
}

const options: Record<string, Changes> = {
  'the default': {},
  BCE: { losses: { adversarial: 'BCE' } },
  LSGAN: { losses: { adversarial: 'LSGAN' } },
  'instance norm without spectral norm': { discriminator: { norm: 'Instance', spectralNorm: false } },
  'CrossEntropy of a segmentation discriminator': {
    discriminator: { architecture: 'Segmentation' },
    losses: { adversarial: 'CrossEntropy' },
  },
  l1: { losses: { l1: 10 } },
  perceptual: { losses: { perceptual: 1, perceptualWeights: 'vgg.safetensors' } },
  featureMatching: { losses: { featureMatching: 2 } },
  r1: { losses: { r1: 1 } },
  'r1 through instance norm': { losses: { r1: 1 }, discriminator: { norm: 'Instance' } },
  'two steps an iteration': { training: { discriminatorSteps: 2 } },
  'all terms at once': {
    discriminator: { architecture: 'Segmentation' },
    losses: { adversarial: 'CrossEntropy', l1: 1, perceptual: 1, perceptualWeights: 'vgg.safetensors', featureMatching: 1, r1: 1 },
    training: { discriminatorSteps: 2 },
  },
};

for (const [name, changes] of Object.entries(options)) {
  const spec = specWith(changes);

  test(`discriminator, ${name} - three steps change every weight, and all numbers are finite`, () => {
    withTrainer(spec, (trainer) => {
      const before = trainer.state();
      for (let t = 0; t < 3; t++) {
        const { gradient, losses } = stepOf(trainer, spec, t);
        assert.equal(gradient.length, 3 * PIXELS);
        assert.ok([...gradient, losses.discriminator, losses.generator].every(Number.isFinite));
        assert.ok(gradient.some((value) => value !== 0));
      }
      const after = trainer.state();
      for (const [key, { data }] of after) {
        assert.ok(data.every(Number.isFinite), key);
        const layer = key.split('/').slice(0, 2).join('/');
        // In hinge and LSGAN losses the last bias may stand still; without a norm its neighbours may not.
        if (!layer.endsWith('/patch')) assert.notDeepEqual(data, before.get(key)!.data, `${key} has changed`);
      }
    });
  });

  test(`discriminator, ${name} - a rerun, and a run that goes on from a state in a new trainer, have the same bits`, () => {
    const run = (trainer: DiscriminatorTrainer, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => stepOf(trainer, spec, from + i));
    const { start, whole, middle, end } = withTrainer(spec, (trainer) => {
      const start = trainer.state();
      const first = run(trainer, 0, 2);
      const middle = trainer.state();
      return { start, whole: [...first, ...run(trainer, 2, 4)], middle, end: trainer.state() };
    });
    withTrainer(spec, (trainer) => {
      trainer.restore(middle);
      assert.deepEqual(run(trainer, 2, 4), whole.slice(2));
      assert.deepEqual(trainer.state(), end);
      trainer.restore(start);
      assert.deepEqual(run(trainer, 0, 4), whole);
      assert.deepEqual(trainer.state(), end);
    });
  });

  test(`discriminator, ${name} - the gradient that it returns is that of the generator's loss`, () => {
    // With a rate of 0 the loss depends on the fakes directly alone.
    const { training } = spec;
    const still = { ...spec, training: { ...training, optimizer: { ...training.optimizer, discriminatorLearningRate: 0 } } };
    withTrainer(still, (trainer) => {
      stepOf(trainer, still, 0);
      const state = trainer.state();
      const { gradient } = stepOf(trainer, still, 1);
      const loss = (at: number, change: number) => {
        trainer.restore(state);
        const fake = batchOf('fake', 1);
        fake.images[at]! += change;
        const reals = Array.from({ length: training.discriminatorSteps }, (_, i) => batchOf('real', 1, i));
        return trainer.step(1, reals, fake, batchOf('paired', 1).images).losses.generator;
      };
      const steepest = [...gradient.keys()].sort((a, b) => Math.abs(gradient[b]!) - Math.abs(gradient[a]!)).slice(0, 4);
      const step = 0.01;
      for (const at of steepest) {
        const numeric = (loss(at, step) - loss(at, -step)) / (2 * step);
        assert.ok(
          Math.abs(numeric - gradient[at]!) < 0.03 * Math.abs(numeric) + 2e-5,
          `pixel ${at}: ${numeric} by differences, ${gradient[at]} returned`,
        );
      }
    });
  });
}

test('discriminator - another seed starts from other weights', () => {
  const spec = specWith({});
  const first = withTrainer(spec, (trainer) => trainer.state());
  const second = withTrainer({ ...spec, seed: 6 }, (trainer) => trainer.state());
  assert.notDeepEqual(second.get('discriminator/conv1/weight'), first.get('discriminator/conv1/weight'));
});

test('discriminator - judging slices of the batch side by side changes nothing but the rounding', () => {
  const spec = specWith({ losses: { featureMatching: 1 }, discriminator: { norm: 'Instance' } });
  const [whole, sliced] = [1, 2].map((shards) => withTrainer({ ...spec, shards }, (trainer) => stepOf(trainer, spec, 0)));
  const size = Math.hypot(...whole!.gradient);
  assert.ok(Math.hypot(...sliced!.gradient.map((value, i) => value - whole!.gradient[i]!)) < 1e-5 * size);
  assert.ok(Math.abs(sliced!.losses.generator - whole!.losses.generator) < 1e-5);
});

test('discriminator - two steps in one iteration are two iterations of one step', () => {
  const constant = { discriminator: { spectralNorm: false }, optimizer: { decayFrom: 1 } };
  const [a, b, fake] = [batchOf('a'), batchOf('b'), batchOf('fake')];
  const together = withTrainer(specWith({ ...constant, training: { discriminatorSteps: 2 } }), (trainer) => {
    trainer.step(0, [a, b], fake, null);
    return trainer.state();
  });
  const apart = withTrainer(specWith(constant), (trainer) => {
    trainer.step(0, [a], fake, null);
    trainer.step(1, [b], fake, null);
    return trainer.state();
  });
  for (const [key, { data }] of together) {
    const other = apart.get(key)!.data;
    assert.ok(
      data.every((value, i) => Math.abs(value - other[i]!) < 1e-5),
      key,
    );
  }
});

test('discriminator - its rate falls to nothing at the end of the run', () => {
  const spec = specWith({ optimizer: { decayFrom: 0.5 } });
  const moved = (iteration: number) =>
    withTrainer(spec, (trainer) => {
      const before = trainer.state().get('discriminator/conv1/weight')!.data;
      stepOf(trainer, spec, iteration);
      const after = trainer.state().get('discriminator/conv1/weight')!.data;
      return Math.hypot(...after.map((value, i) => value - before[i]!));
    });
  const correction = (iteration: number) => Math.sqrt(1 - 0.99 ** (iteration + 1));
  const [early, late] = [moved(0) / correction(0), moved(98) / correction(98)];
  assert.ok(Math.abs(late / early / 0.04 - 1) < 0.1, `${late / early} of the first step's size, 0.04 expected`);
});

test('discriminator - rare classes count more in the cross-entropy, at most eightfold, and fakes are one class', () => {
  const spec = specWith({
    discriminator: { architecture: 'Segmentation', spectralNorm: false },
    losses: { adversarial: 'CrossEntropy' },
    optimizer: { discriminatorLearningRate: 1e-7 },
  });
  // All weights 0 but the last bias: every pixel has the same logits.
  const logits = [0.5, -1, 2, 0.25];
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  const surprise = logits.map((value) => total - value);
  const counts = [PIXELS - 70, 60, 10];
  const classes = Uint8Array.from({ length: PIXELS }, (_, i) => (i < 60 ? 1 : i < 70 ? 2 : 0));
  const weights = counts.map((count) => Math.min(8, PIXELS / (3 * Math.max(count, 50))));
  assert.ok(weights[2]! < 8 && weights[1]! > weights[0]!);
  const weighted = (of: readonly number[]) => counts.reduce((sum, count, i) => sum + count * weights[i]! * of[i]!, 0);
  const expected = weighted(surprise) / weighted([1, 1, 1]);
  withTrainer(spec, (trainer) => {
    trainer.restore(
      new Map(
        [...trainer.state()].map(([name, { shape, data }]) => [
          name,
          { shape, data: name.endsWith('classes/bias') ? Float32Array.from(logits) : data.fill(0) },
        ]),
      ),
    );
    const { losses } = trainer.step(0, [{ ...batchOf('real'), classes }], { ...batchOf('fake'), classes }, null);
    assert.ok(Math.abs(losses.generator - expected) < 1e-5, 'fakes are to look like their classes');
    assert.ok(Math.abs(losses.discriminator - (expected + surprise[3]!)) < 1e-5, 'and are the last class to the discriminator');
  });
});

test('discriminator - holds the same number of tensors after every iteration', () => {
  const spec = specWith({});
  withTrainer(spec, (trainer) => {
    stepOf(trainer, spec, 0);
    const before = trainer.liveHandles;
    for (let t = 1; t <= 50; t++) stepOf(trainer, spec, t);
    assert.equal(trainer.liveHandles, before);
  });
});
