import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anExperiment, aSite } from './an-experiment.ts';
import { ExperimentInvalidError } from './errors.ts';
import { parseExperiment } from './parse.ts';

const SEGMENTATION = { discriminator: { architecture: 'Segmentation', layers: 3 } };
const CROSS_ENTROPY = { adversarial: 'CrossEntropy' };

test('what must hold between fields', async (t) => {
  const cases: { name: string; spec: Record<string, unknown>; expect: string[] }[] = [
    {
      name: 'instances have three classes',
      spec: { model: { labels: { classes: 4 } } },
      expect: ['spec.model.labels.classes is 4; Instances have 3 classes: background, interior, boundary (kind: Classes takes any number)'],
    },
    { name: 'classes may be any number', spec: { model: { labels: { kind: 'Classes', classes: 4 } } }, expect: [] },
    {
      name: 'no crop is larger than the image, default or not',
      spec: { model: { image: { size: 48 } } },
      expect: [
        'spec.training.cropSize is 64, more than the 48 pixels of spec.model.image.size',
        'spec.release.evaluate.cropSize is 96, more than the 48 pixels of spec.model.image.size',
      ],
    },
    {
      name: 'the crop of an evaluation that is off does not matter',
      spec: { model: { image: { size: 64 } }, release: { evaluate: { enabled: false } } },
      expect: [],
    },
    {
      name: 'a segmenter halves the image three times',
      spec: { model: { image: { size: 100 } } },
      expect: ['spec.model.image.size is 100; the U-Net of spec.release.evaluate needs a multiple of 8 (or set its enabled to false)'],
    },
    {
      name: 'the perceptual term sees colour or grey, and halves the crop three times',
      spec: {
        model: { image: { channels: 4 } },
        training: { cropSize: 60, losses: { perceptual: 1, perceptualWeights: 'vgg16.safetensors' } },
      },
      expect: [
        'spec.model.image.channels is 4; the perceptual term needs 1 or 3',
        'spec.training.cropSize is 60; the perceptual term needs a multiple of 8',
      ],
    },
    {
      name: 'a segmentation discriminator halves the crop exactly',
      spec: { model: SEGMENTATION, training: { cropSize: 60, losses: CROSS_ENTROPY } },
      expect: ['spec.training.cropSize is 60; a Segmentation discriminator of 3 layers needs a multiple of 8'],
    },
    {
      name: 'a segmentation discriminator with its loss and crop',
      spec: { model: SEGMENTATION, training: { losses: CROSS_ENTROPY } },
      expect: [],
    },
    {
      name: 'a PatchGAN needs a patch left',
      spec: { model: { discriminator: { layers: 5 } } },
      expect: ['spec.training.cropSize is 64; a PatchGAN discriminator of 5 layers needs at least 96'],
    },
    { name: 'the smallest crop of a PatchGAN', spec: { training: { cropSize: 24 } }, expect: [] },
    {
      name: 'a segmentation discriminator takes cross-entropy, and says so of the default',
      spec: { model: SEGMENTATION },
      expect: ['spec.training.losses.adversarial is Hinge; a Segmentation discriminator needs CrossEntropy'],
    },
    {
      name: 'a PatchGAN does not take cross-entropy',
      spec: { training: { losses: CROSS_ENTROPY } },
      expect: ['spec.training.losses.adversarial is CrossEntropy; a PatchGAN discriminator needs BCE, LSGAN or Hinge'],
    },
    {
      name: 'the perceptual term needs weights',
      spec: { training: { losses: { perceptual: 1 } } },
      expect: ['spec.training.losses.perceptualWeights is missing; with perceptual 1, name a file of VGG16 weights here'],
    },
    {
      name: 'the perceptual term with weights',
      spec: { training: { losses: { perceptual: 1, perceptualWeights: 'vgg16.bin' } } },
      expect: [],
    },
    {
      name: 'two sites cannot have one name',
      spec: { sites: [aSite('a'), aSite('b'), aSite('a')] },
      expect: ['spec.sites[2].name is "a", the name of sites[0]; give each site its own'],
    },
    {
      name: 'site codes reach for all sites',
      spec: { sites: [aSite('a'), aSite('b')], model: { generator: { siteCapacity: 1 } } },
      expect: ['spec.model.generator.siteCapacity is 1, but spec.sites lists 2'],
    },
    {
      name: 'without site codes their capacity does not matter',
      spec: { sites: [aSite('a'), aSite('b')], model: { generator: { siteStyle: false, siteCapacity: 1 } } },
      expect: [],
    },
    {
      name: 'quorums are within reach',
      spec: { membership: { minSites: 2 }, training: { schedule: { quorum: 3 } } },
      expect: ['spec.membership.minSites is 2, but spec.sites lists 1', 'spec.training.schedule.quorum is 3, but spec.sites lists 1'],
    },
    {
      name: 'gates need scores',
      spec: { release: { evaluate: { enabled: false }, gates: { minDice: 0.8 } } },
      expect: ['spec.release.gates sets minDice, but nothing is scored; set spec.release.evaluate.enabled to true or remove the gates'],
    },
    {
      name: 'a checkpoint has a claim or a size',
      spec: { generator: { checkpoint: { claimName: 'c', size: '1Gi' } } },
      expect: ['spec.generator.checkpoint needs one of claimName (an existing claim) and size (of a new one)'],
    },
    { name: 'a checkpoint on an existing claim', spec: { generator: { checkpoint: { claimName: 'c' } } }, expect: [] },
    {
      name: 'the generator cannot be excluded',
      spec: { failurePolicy: { rules: [{ role: 'Generator', action: 'ExcludeSite' }] } },
      expect: ['spec.failurePolicy.rules[0].action is ExcludeSite, which fits the role Discriminator only'],
    },
    { name: 'a site can be excluded', spec: { failurePolicy: { rules: [{ role: 'Discriminator', action: 'ExcludeSite' }] } }, expect: [] },
  ];
  for (const { name, spec, expect } of cases) await t.test(name, () => assert.deepEqual(broken(spec).sort(), expect.sort()));
});

test('a broken rule is placed at its field, or at the section that lacks it', () => {
  const text = anExperiment({ sites: [aSite('a'), aSite('a')], training: { losses: { perceptual: 1 } } });
  assert.throws(() => parseExperiment(text, 'x.yaml'), {
    message: /x\.yaml:10:7: spec\.sites\[1\]\.name is "a"[\s\S]*x\.yaml:14:5: spec\.training\.losses/,
  });
});

function broken(spec: Record<string, unknown>): string[] {
  try {
    parseExperiment(anExperiment(spec), 'x.yaml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ExperimentInvalidError, String(error));
    return error.problems.map(({ message }) => message);
  }
}
