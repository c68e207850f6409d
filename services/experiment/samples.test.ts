import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadExperiment } from './load.ts';
import { unsupported } from './unsupported.ts';

const FOLDER = fileURLToPath(new URL('../../k8s/samples/', import.meta.url));
const load = (name: string) => loadExperiment(`${FOLDER}${name}.yaml`);

test('every sample is sound, can be run, and is named as its file', async () => {
  const files = await readdir(FOLDER);
  assert.ok(files.length >= 3);
  for (const file of files) {
    const name = file.replace(/\.yaml$/, '');
    const experiment = await load(name);
    assert.equal(experiment.metadata.name, name);
    assert.deepEqual(unsupported(experiment), [], file);
  }
});

test('the long demo is the demo with more iterations', async () => {
  const [demo, long] = [await load('nuclei'), await load('nuclei-long')];
  assert.deepEqual([demo.spec.training.iterations, long.spec.training.iterations], [400, 1200]);
  assert.deepEqual({ ...long.spec, training: { ...long.spec.training, iterations: 400 } }, demo.spec);
});

test("the demo's data lies where it says, relative to the file", async () => {
  for (const { dataset } of (await load('nuclei')).spec.sites) {
    const parts = await readdir(resolve(FOLDER, dataset.path));
    assert.ok(parts.includes('train') && parts.includes('test'), dataset.path);
  }
});

test('the demo asks for no paired term', async () => {
  const { losses } = (await load('nuclei')).spec.training;
  assert.deepEqual([losses.l1, losses.perceptual], [0, 0]);
});

test("the paper's sample has the published networks, losses and optimiser", async () => {
  const { model, training, wire, sites } = (await load('brats-paper')).spec;
  assert.equal(sites.length, 10);
  assert.deepEqual([model.generator.filters, model.generator.blocks, model.generator.dropout], [64, 9, 0.5]);
  assert.deepEqual([model.generator.siteStyle, model.generator.latentChannels, model.generator.noiseChannels], [false, 0, 0]);
  assert.deepEqual(model.discriminator, { architecture: 'PatchGAN', filters: 64, layers: 3, spectralNorm: false, norm: 'Instance' });
  assert.deepEqual([training.losses.adversarial, training.losses.l1, training.batchSize, training.averaging], ['BCE', 100, 1, 0]);
  assert.deepEqual(training.optimizer, { learningRate: 0.0002, beta1: 0.5, beta2: 0.999, decayFrom: 0.5 });
  assert.deepEqual(wire, { images: 'Float32', feedback: 'Float32' });
});
