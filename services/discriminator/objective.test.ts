import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExperiment, type TrainingSpec } from '#experiment';
import { configureNative, Graph, gradients, loadNative, mul, Parameters, Session, sum, type Tensor } from '#nn';
import type { Judge } from './network.ts';
import { type BatchTensors, discriminatorObjective, generatorObjective, RunningStatistics } from './objective.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

/** A discriminator in one's head: the logit of a pixel is its square, the feature is the pixel. */
const squares: Judge = (_conditions, image) => ({ logits: mul(image, image), features: [image] });
const logitsAreImages: Judge = (_conditions, image) => ({ logits: image, features: [] });

function trainingWith(losses: Record<string, unknown>): TrainingSpec {
  const architecture = losses.adversarial === 'CrossEntropy' ? 'Segmentation' : 'PatchGAN';
  const document = {
    apiVersion: 'asyndgan.io/v1alpha1',
    kind: 'AsynDGANExperiment',
    metadata: { name: 'test' },
    spec: { model: { discriminator: { architecture } }, training: { losses }, sites: [{ name: 'a', dataset: { path: 'a' } }] },
  };
  return parseExperiment(JSON.stringify(document), 'test').spec.training;
}

const batch = (images: Tensor, classes: Tensor | null = null, classWeights: Tensor | null = null): BatchTensors => ({
  conditions: images,
  images,
  classes,
  classWeights,
});

/** Runs what `build` makes, twice; gives the scalars of both runs. */
function evaluate(build: (graph: Graph, parameters: Parameters) => Record<string, Tensor>): Record<string, number>[] {
  const graph = new Graph();
  const parameters = new Parameters(graph, 'test', 1);
  graph.run('run', () => build(graph, parameters));
  const session = new Session(native, graph);
  const names = [...graph.runs[0]!.fetches.keys()];
  const runs = [0, 1].map(() =>
    Object.fromEntries(Object.entries(session.run('run', {}, names)).map(([name, values]) => [name, values[0]!])),
  );
  session.close();
  return runs;
}

const close = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-5 * Math.max(1, Math.abs(expected)), `${actual}, ${expected} expected`);

/** [2, 1, 2, 1]: two images of two pixels. */
const image = (graph: Graph, ...values: number[]) => graph.constant(values, [2, 1, 2, 1]);

test('objective - the discriminator minimises the hinge loss; R1 adds the squared slope at the real images alone', () => {
  const [result] = evaluate((graph) => {
    const [real, fake] = [batch(image(graph, 0.5, 0.5, 2, 0)), batch(image(graph, 1, 0, 0, 3))];
    return {
      plain: discriminatorObjective(squares, real, fake, trainingWith({ adversarial: 'Hinge' }), null),
      r1: discriminatorObjective(squares, real, fake, trainingWith({ adversarial: 'Hinge', r1: 3 }), null),
    };
  });
  const hinge = (0.75 + 0.75 + 0 + 1) / 4 + (2 + 1 + 1 + 10) / 4;
  close(result!.plain, hinge);
  // The slope of a logit is twice the pixel.
  close(result!.r1, hinge + 3 * 0.5 * ((1 + 1 + 16 + 0) / 2));
});

test('objective - the slope of R1 reaches the weights', () => {
  const [result] = evaluate((graph, parameters) => {
    const weight = graph.read(parameters.trained('weight', [1], 3));
    const judge: Judge = (_conditions, images) => ({ logits: mul(mul(images, images), weight), features: [] });
    const objective = discriminatorObjective(
      judge,
      batch(image(graph, 1, 2, 3, 4)),
      batch(image(graph, -9, -9, -9, -9)),
      trainingWith({ adversarial: 'LSGAN', r1: 1 }),
      null,
    );
    const without = discriminatorObjective(
      judge,
      batch(image(graph, 1, 2, 3, 4)),
      batch(image(graph, -9, -9, -9, -9)),
      trainingWith({ adversarial: 'LSGAN' }),
      null,
    );
    const [all, plain] = [objective, without].map((loss) => gradients([loss], [graph.scalar(1)], [weight])[0]!);
    return { all: all!, plain: plain! };
  });
  // R1 = 1/2 mean over samples of sum (2 w x)^2 = w^2 (1 + 4 + 9 + 16).
  close(result!.all! - result!.plain!, 2 * 3 * 30);
});

test('objective - the generator minimises the hinge loss, and L1 to the paired images, by their weights', () => {
  const [result] = evaluate((graph) => {
    const fake = batch(image(graph, 1, 0, 0, 3));
    const paired = image(graph, 0, 0, 2, 3);
    return {
      plain: generatorObjective(squares, fake, null, trainingWith({ adversarial: 'Hinge' }), null, null),
      l1: generatorObjective(squares, fake, paired, trainingWith({ adversarial: 'Hinge', l1: 100 }), null, null),
    };
  });
  close(result!.plain, -10 / 4);
  close(result!.l1, -10 / 4 + 100 * (3 / 4));
});

test('objective - feature matching compares the fakes with a running average of the statistics of real batches', () => {
  const results = evaluate((graph, parameters) => {
    const statistics = new RunningStatistics(graph, parameters);
    const training = trainingWith({ adversarial: 'Hinge', featureMatching: 5 });
    const fake = batch(image(graph, 1, 0, 0, 3));
    const discriminator = discriminatorObjective(squares, batch(image(graph, 2, 4, 2, 4)), fake, training, statistics);
    const [slope] = gradients([generatorObjective(squares, fake, null, training, statistics, null)], [graph.scalar(1)], [fake.images]);
    return { discriminator, generator: generatorObjective(squares, fake, null, training, statistics, null), slope: sum(slope!) };
  });
  let [mean, deviation] = [0, 1];
  const ofFake = { mean: 1, deviation: Math.sqrt((0 + 1 + 1 + 4) / 4) };
  for (const { generator, slope } of results) {
    mean += 0.1 * (3 - mean);
    deviation += 0.1 * (1 - deviation);
    close(generator, -10 / 4 + 5 * (Math.abs(ofFake.mean - mean) + Math.abs(ofFake.deviation - deviation)));
    // -mean(x^2) falls by x / 2; the mean moves by 1 in all, the deviation by nothing.
    close(slope, -(1 + 0 + 0 + 3) / 2 + 5 * Math.sign(ofFake.mean - mean));
  }
});

test('objective - a segmentation discriminator names the class of real pixels, weighted, and calls fake pixels fake', () => {
  const [result] = evaluate((graph) => {
    const shape = [1, 1, 2, 3];
    const training = trainingWith({ adversarial: 'CrossEntropy' });
    const real = batch(graph.constant([1, 0, 0, 0, 0, 2], shape), graph.constant([1, 0, 0, 0, 1, 0], shape), graph.constant([1, 4, 1]));
    const fake = batch(graph.constant([0, 0, 1, 3, 0, 0], shape), graph.constant([0, 1, 0, 1, 0, 0], shape), graph.constant([1, 3, 1]));
    return {
      discriminator: discriminatorObjective(logitsAreImages, real, fake, training, null),
      generator: generatorObjective(logitsAreImages, fake, null, training, null, null),
    };
  });
  const surprise = (logits: number[], of: number) => Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - logits[of]!;
  const onReal = (surprise([1, 0, 0], 0) + 4 * surprise([0, 0, 2], 1)) / 5;
  const onFake = (surprise([0, 0, 1], 2) + surprise([3, 0, 0], 2)) / 2;
  close(result!.discriminator, onReal + onFake);
  close(result!.generator, (3 * surprise([0, 0, 1], 1) + surprise([3, 0, 0], 0)) / 4);
});
