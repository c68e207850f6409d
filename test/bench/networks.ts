/** Child process: the experiment's networks and optimisers alone, on random data, as peer.py trains them; the last line is {iterationsPerSecond, peakRssMb}. */
import { nativeFor } from '#cli';
import { type Batch, DiscriminatorTrainer } from '#discriminator';
import { loadExperiment } from '#experiment';
import { GeneratorTrainer } from '#generator';
import { Random } from '#nn';
import { median } from './child.ts';
import type { IterationsInput } from './iterations.ts';

const { file, threads, warm, iterations } = JSON.parse(process.argv[2]!) as IterationsInput;
const experiment = await loadExperiment(file);
const { model, training, sites } = experiment.spec;
const { native, shards } = nativeFor(experiment, threads);
const conditionChannels = model.labels.classes - 1;
const pixels = training.cropSize ** 2;
const random = new Random('benchmark');
const normals = (count: number) => random.normals(count);
const { batchSize } = training;

const generator = new GeneratorTrainer(native, { model, training, batchSize: batchSize * sites.length, shards });
const discriminators = sites.map(
  (_, seed) => new DiscriminatorTrainer(native, { model, training, batchSize, conditionChannels, seed, shards, perceptualWeights: null }),
);
const aBatch = (images = normals(batchSize * pixels * model.image.channels)): Batch => ({
  images,
  conditions: normals(batchSize * pixels * conditionChannels),
  classes: new Uint8Array(batchSize * pixels),
});
const reals = sites.map(() => Array.from({ length: training.discriminatorSteps }, () => aBatch()));
const fakes = sites.map(() => aBatch());
const { generator: spec } = model;
const style = (spec.siteStyle ? spec.siteCapacity : 0) + spec.latentChannels;
const n = batchSize * sites.length;
const input = {
  conditions: normals(n * pixels * conditionChannels),
  noise: normals(n * pixels * spec.noiseChannels),
  style: normals(n * style),
};

const seconds: number[] = [];
for (let t = 0; t < warm + iterations; t++) {
  const began = performance.now();
  const images = generator.forward(t, input);
  const gradient = new Float32Array(images.length);
  const share = images.length / sites.length;
  for (const [i, discriminator] of discriminators.entries()) {
    const step = discriminator.step(t, reals[i]!, { ...fakes[i]!, images: images.slice(i * share, (i + 1) * share) }, null);
    gradient.set(step.gradient, i * share);
  }
  generator.backward(t, gradient);
  if (t >= warm) seconds.push((performance.now() - began) / 1000);
}
console.log(JSON.stringify({ iterationsPerSecond: 1 / median(seconds), peakRssMb: process.resourceUsage().maxRSS / 1024 }));
