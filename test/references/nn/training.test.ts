import { test } from 'node:test';
import { DiscriminatorTrainer } from '#discriminator';
import { type ExperimentSpec, parseExperiment } from '#experiment';
import { GeneratorTrainer } from '#generator';
import { configureNative, loadNative, type State } from '#nn';
import { firstValue, formula, openReference, start } from './reference.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SITES = 2;
const BATCH = 2;
const SIZE = 32;

/** The settings of make.py's `training`. */
const cases: Record<string, string> = {
  paper: `
  model:
    generator: {siteStyle: false, latentChannels: 0, noiseChannels: 0, maskSkip: false, upsampling: Transposed, filters: 4, blocks: 1}
    discriminator: {norm: Instance, spectralNorm: false}
  training: {losses: {adversarial: BCE}, optimizer: {learningRate: 0.005, beta1: 0.5, beta2: 0.999, decayFrom: 1}, averaging: 0, cropSize: ${SIZE}}`,
  demo: `
  model:
    generator: {siteCapacity: 2, latentChannels: 4, noiseChannels: 1, maskSkip: true, upsampling: Nearest, filters: 4, blocks: 1}
    discriminator: {norm: None, spectralNorm: true}
  training: {losses: {adversarial: Hinge}, optimizer: {learningRate: 0.005, beta1: 0, beta2: 0.99, decayFrom: 1}, averaging: 0, cropSize: ${SIZE}}`,
};

for (const [name, yaml] of Object.entries(cases)) {
  test(`two iterations of AsynDGAN with two sites, ${name} - losses, updates and moments are those of PyTorch`, async () => {
    const reference = await openReference('training');
    const { model, training } = specOf(yaml);
    const generator = new GeneratorTrainer(native, { model, training, batchSize: SITES * BATCH });
    const site = { model, training, batchSize: BATCH, conditionChannels: 2, seed: 1, perceptualWeights: null };
    const sites = Array.from({ length: SITES }, () => new DiscriminatorTrainer(native, site));
    for (const trainer of [generator, ...sites]) start(trainer);

    for (let t = 0; t < 2; t++) {
      const all = [SITES * BATCH, SIZE, SIZE];
      const conditions = formula(`${t}/conditions`, [...all, 2]);
      const fakes = generator.forward(t, {
        conditions,
        noise: formula(`${t}/noise`, [...all, 1]),
        style: formula(`${t}/style`, [SITES * BATCH, 6]),
      });
      const feedback = new Float32Array(fakes.length);
      sites.forEach((trainer, s) => {
        const real = batch(formula(`${t}/${s}/real`, [BATCH, SIZE, SIZE, 3]), formula(`${t}/${s}/real-conditions`, [BATCH, SIZE, SIZE, 2]));
        const { gradient, losses } = trainer.step(t, [real], batch(part(fakes, s), part(conditions, s)), null);
        feedback.set(
          gradient.map((value) => value / SITES),
          s * gradient.length,
        );
        reference.expect(`${name}/${t}/${s}/discriminator`, Float32Array.of(losses.discriminator));
        reference.expect(`${name}/${t}/${s}/generator`, Float32Array.of(losses.generator));
      });
      generator.backward(t, feedback);
    }

    // TensorFlow's kernel knows beta2 as a float32 number only.
    const kernelFactor = (1 - Math.fround(training.optimizer.beta2)) / (1 - training.optimizer.beta2);
    const states: [string, State][] = [
      ['generator', generator.state()],
      ...sites.map((trainer, s): [string, State] => [`site${s}`, trainer.state()]),
    ];
    for (const [party, state] of states) {
      for (const weight of reference.under(`${name}/${party}/update/`).keys()) {
        const { shape, data } = state.get(weight)!;
        const before = firstValue(weight, shape);
        reference.expect(`${name}/${party}/moment1/${weight}`, state.get(`${weight}/moment1`)!.data);
        reference.expect(
          `${name}/${party}/moment2/${weight}`,
          state.get(`${weight}/moment2`)!.data.map((value) => value / kernelFactor),
        );
        reference.expect(
          `${name}/${party}/update/${weight}`,
          data.map((value, i) => value - before[i]!),
        );
      }
    }
    for (const trainer of [generator, ...sites]) trainer.close();
  });
}

/** Narrower discriminators than an experiment may have: the stored numbers are few. */
function specOf(yaml: string): ExperimentSpec {
  const text = `apiVersion: asyndgan.io/v1alpha1\nkind: AsynDGANExperiment\nmetadata: {name: test}\nspec:${yaml}\n  sites: [{name: a, dataset: {path: data}}]\n`;
  const { spec } = parseExperiment(text, 'test');
  return { ...spec, model: { ...spec.model, discriminator: { ...spec.model.discriminator, filters: 2 } } };
}

const batch = (images: Float32Array, conditions: Float32Array) => ({ images, conditions, classes: new Uint8Array(BATCH * SIZE * SIZE) });

/** What belongs to one site. */
const part = (all: Float32Array, site: number): Float32Array => all.slice((site * all.length) / SITES, ((site + 1) * all.length) / SITES);
