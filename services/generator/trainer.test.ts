import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExperiment } from '#experiment';
import { configureNative, loadNative, Random, type State } from '#nn';
import { type GeneratorInput, GeneratorTrainer, type GeneratorTrainerSpec, SYNTHESIS_BATCH, styleLength } from './trainer.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SIZE = 16;

interface Changes {
  readonly generator?: Record<string, unknown>;
  readonly training?: Record<string, unknown>;
  readonly batchSize?: number;
}

function specWith({ generator = {}, training = {}, batchSize = 3 }: Changes): GeneratorTrainerSpec {
  const document = {
    apiVersion: 'asyndgan.io/v1alpha1',
    kind: 'AsynDGANExperiment',
    metadata: { name: 'test' },
    spec: {
      model: {
        image: { size: SIZE },
        generator: { filters: 4, blocks: 1, siteCapacity: 2, latentChannels: 2, ...generator },
        discriminator: { layers: 2 },
      },
      training: { cropSize: SIZE, iterations: 100, ...training },
      release: { evaluate: { enabled: false } },
      sites: [{ name: 'a', dataset: { path: 'a' } }],
    },
  };
  const { spec } = parseExperiment(JSON.stringify(document), 'test');
  return { model: spec.model, training: spec.training, batchSize };
}

function inputOf({ model }: GeneratorTrainerSpec, count: number, ...name: readonly (string | number)[]): GeneratorInput {
  const random = new Random(...name);
  const pixels = count * SIZE * SIZE;
  return {
    conditions: Float32Array.from({ length: 2 * pixels }, () => random.integer(2)),
    noise: random.normals(pixels * model.generator.noiseChannels),
    style: random.normals(count * styleLength(model)),
  };
}

/** An iteration with random feedback; gives the images. */
function stepOf(trainer: GeneratorTrainer, spec: GeneratorTrainerSpec, iteration: number): Float32Array {
  const images = trainer.forward(iteration, inputOf(spec, spec.batchSize, 'input', iteration));
  trainer.backward(iteration, new Random('feedback', iteration).normals(images.length, 0.01));
  return images;
}

function withTrainer<T>(spec: GeneratorTrainerSpec, use: (trainer: GeneratorTrainer) => T): T {
  const trainer = new GeneratorTrainer(native, spec);
  try {
    return use(trainer);
  } finally {
    trainer.close();
  }
}

const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!));

const options: Record<string, Changes> = {
  'the default': {},
  'as in the paper': {
    generator: { siteStyle: false, latentChannels: 0, noiseChannels: 0, maskSkip: false, upsampling: 'Transposed', dropout: 0.5 },
    training: { averaging: 0, optimizer: { beta1: 0.5, beta2: 0.999 } },
  },
  'dropout with style, no site code, ten images': { generator: { dropout: 0.3, siteStyle: false }, batchSize: 10 },
};

for (const [name, changes] of Object.entries(options)) {
  const spec = specWith(changes);

  test(`generator, ${name} - three steps change every weight, and images stay in (-1, 1)`, () => {
    withTrainer(spec, (trainer) => {
      const before = trainer.state();
      for (let t = 0; t < 3; t++) {
        const images = stepOf(trainer, spec, t);
        assert.equal(images.length, spec.batchSize * SIZE * SIZE * 3);
        assert.ok(images.every((value) => value > -1 && value < 1));
      }
      for (const [key, { data }] of trainer.state()) {
        assert.ok(data.every(Number.isFinite), key);
        assert.notDeepEqual(data, before.get(key)!.data, `${key} has changed`);
      }
    });
  });

  test(`generator, ${name} - a rerun, and a run that goes on from a state in a new trainer, have the same bits`, () => {
    const run = (trainer: GeneratorTrainer, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => stepOf(trainer, spec, from + i));
    const release = (trainer: GeneratorTrainer) => trainer.synthesize(inputOf(spec, SYNTHESIS_BATCH, 'release'));
    const { start, whole, middle, end } = withTrainer(spec, (trainer) => {
      const start = trainer.state();
      const first = run(trainer, 0, 2);
      const middle = trainer.state();
      return { start, whole: [...first, ...run(trainer, 2, 4)], middle, end: [trainer.state(), release(trainer)] };
    });
    withTrainer(spec, (trainer) => {
      trainer.restore(middle);
      assert.deepEqual(run(trainer, 2, 4), whole.slice(2));
      assert.deepEqual([trainer.state(), release(trainer)], end);
      trainer.restore(start);
      assert.deepEqual(run(trainer, 0, 4), whole);
      assert.deepEqual([trainer.state(), release(trainer)], end);
    });
  });
}

test('generator - its images approach a target when the distance to it is fed back', () => {
  const spec = specWith({ training: { optimizer: { learningRate: 0.01 } } });
  withTrainer(spec, (trainer) => {
    const input = inputOf(spec, spec.batchSize, 'input');
    const target = new Float32Array(spec.batchSize * SIZE * SIZE * 3).fill(0.5);
    const errors = Array.from({ length: 30 }, (_, t) => {
      const images = trainer.forward(t, input);
      trainer.backward(
        t,
        images.map((value, i) => (2 * (value - target[i]!)) / images.length),
      );
      return distance(images, target);
    });
    assert.ok(errors.at(-1)! < 0.5 * errors[0]!, `from ${errors[0]} to ${errors.at(-1)}`);
  });
});

test('generator - the feedback on each image counts, also beyond the eighth', () => {
  const spec = specWith({ batchSize: 10, training: { averaging: 0 } });
  withTrainer(spec, (trainer) => {
    const start = trainer.state();
    const image = SIZE * SIZE * 3;
    for (const index of [0, 7, 8, 9]) {
      trainer.restore(start);
      const images = trainer.forward(0, inputOf(spec, 10, 'input'));
      const feedback = new Float32Array(images.length);
      feedback.set(new Random('feedback').normals(image), index * image);
      trainer.backward(0, feedback);
      const moment = trainer.state().get('generator/stem/weight/moment1')!.data;
      assert.ok(Math.hypot(...moment) > 1e-3, `image ${index}`);
    }
  });
});

test('generator - computing slices of the batch side by side changes nothing but the rounding', () => {
  const spec = specWith({ batchSize: 6 });
  const [whole, sliced] = [1, 4].map((shards) =>
    withTrainer({ ...spec, shards }, (trainer) => ({ images: stepOf(trainer, spec, 0), state: trainer.state() })),
  );
  assert.ok(distance(sliced!.images, whole!.images) < 1e-4);
  for (const [name, { data }] of whole!.state) {
    // Not the weights: a step of Adam has full size for a gradient that is but rounding.
    if (!name.endsWith('/moment1')) continue;
    assert.ok(distance(sliced!.state.get(name)!.data, data) < 1e-4 * (Math.hypot(...data) + 0.01), name);
  }
});

test('generator - slices of the batch drop different activations', () => {
  const spec = specWith({ batchSize: 2, generator: { dropout: 0.5, siteStyle: false, latentChannels: 0, noiseChannels: 0 } });
  const one = inputOf(spec, 1, 'input');
  const twice = { ...one, conditions: Float32Array.of(...one.conditions, ...one.conditions) };
  withTrainer({ ...spec, shards: 2 }, (trainer) => {
    const images = trainer.forward(0, twice);
    assert.ok(distance(images.slice(0, images.length / 2), images.slice(images.length / 2)) > 0.1);
  });
});

test('generator - the gradient by the weights is that of finite differences', () => {
  const spec = specWith({ generator: { dropout: 0.3 }, training: { averaging: 0, optimizer: { beta1: 0 } } });
  withTrainer(spec, (trainer) => {
    const start = trainer.state();
    const input = inputOf(spec, spec.batchSize, 'input');
    const feedback = new Random('feedback').normals(trainer.forward(4, input).length);
    trainer.backward(4, feedback);
    const state = trainer.state();
    for (const name of ['stem/weight', 'down1/norm/gain', 'block0/conv1/weight', 'up2/norm/style-gain', 'image/bias']) {
      const key = `generator/${name}`;
      // With beta1 = 0 the first moment is the gradient.
      const gradient = state.get(`${key}/moment1`)!.data;
      const length = Math.hypot(...gradient);
      const loss = (t: number) => {
        const moved = start.get(key)!.data.map((value, i) => value + (t * gradient[i]!) / length);
        trainer.restore(new Map([...start, [key, { shape: start.get(key)!.shape, data: moved }]]));
        return trainer.forward(4, input).reduce((total, value, i) => total + value * feedback[i]!, 0);
      };
      const numeric = (loss(0.002) - loss(-0.002)) / 0.004;
      assert.ok(Math.abs(numeric / length - 1) < 0.02, `${name}: ${numeric} by differences, ${length} by the graph`);
    }
  });
});

test('generator - the average follows quickly at first, then by the given decay, and makes the release', () => {
  const spec = specWith({ batchSize: SYNTHESIS_BATCH, training: { averaging: 0.5 } });
  const key = 'generator/stem/weight';
  withTrainer(spec, (trainer) => {
    let average = trainer.state().get(key)!.data;
    for (const [iteration, decay] of [
      [0, 0.1],
      [1, 2 / 11],
      [20, 0.5],
    ] as const) {
      stepOf(trainer, spec, iteration);
      const state = trainer.state();
      average = average.map((value, i) => decay * value + (1 - decay) * state.get(key)!.data[i]!);
      assert.ok(distance(average, state.get(`${key}/average`)!.data) < 1e-5);
    }
    const state = trainer.state();
    const input = inputOf(spec, SYNTHESIS_BATCH, 'release');
    const averaged: State = new Map(
      [...state].map(([name, { shape, data }]) => [name, { shape, data: state.get(`${name}/average`)?.data ?? data }]),
    );
    const released = trainer.synthesize(input);
    assert.ok(distance(released, trainer.forward(0, input)) > 1e-2);
    trainer.restore(averaged);
    assert.ok(distance(released, trainer.forward(0, input)) < 1e-4);
  });
});

test('generator - without an average the release comes from the weights themselves', () => {
  const spec = specWith({ batchSize: SYNTHESIS_BATCH, training: { averaging: 0 } });
  withTrainer(spec, (trainer) => {
    stepOf(trainer, spec, 0);
    assert.ok([...trainer.state().keys()].every((name) => !name.endsWith('/average')));
    const input = inputOf(spec, SYNTHESIS_BATCH, 'release');
    assert.ok(distance(trainer.synthesize(input), trainer.forward(0, input)) < 1e-4);
  });
});

test('generator - dropout depends on the seed and the iteration, and there is none in the release', () => {
  const dropping = (seed: number) =>
    specWith({ batchSize: SYNTHESIS_BATCH, generator: { dropout: 0.5 }, training: { averaging: 0, seed } });
  const spec = dropping(1);
  const input = inputOf(spec, SYNTHESIS_BATCH, 'input');
  const { state, first, release } = withTrainer(spec, (trainer) => {
    const first = trainer.forward(0, input);
    assert.deepEqual(trainer.forward(0, input), first);
    assert.ok(distance(trainer.forward(1, input), first) > 0.1);
    return { state: trainer.state(), first, release: trainer.synthesize(input) };
  });
  withTrainer(dropping(2), (trainer) => {
    trainer.restore(state);
    assert.ok(distance(trainer.forward(0, input), first) > 0.1);
    assert.deepEqual(trainer.synthesize(input), release);
  });
  withTrainer(specWith({ batchSize: SYNTHESIS_BATCH, training: { averaging: 0 } }), (trainer) => {
    trainer.restore(state);
    assert.deepEqual(trainer.synthesize(input), release);
  });
});

test('generator - another seed starts from other weights', () => {
  const states = [1, 2].map((seed) => withTrainer(specWith({ training: { seed } }), (trainer) => trainer.state()));
  assert.notDeepEqual(states[0]!.get('generator/stem/weight'), states[1]!.get('generator/stem/weight'));
});

test('generator - holds the same number of tensors after every iteration', () => {
  const spec = specWith({});
  withTrainer(spec, (trainer) => {
    stepOf(trainer, spec, 0);
    const before = trainer.liveHandles;
    for (let t = 1; t <= 50; t++) stepOf(trainer, spec, t);
    assert.equal(trainer.liveHandles, before);
  });
});
