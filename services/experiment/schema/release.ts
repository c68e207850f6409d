import { flag, real, section, whole } from './fields.ts';

const evaluate = section('A U-Net trained on the release alone and scored at each site on its real test images.', {
  enabled: flag('Train and score it').default(true),
  steps: whole('Steps of the U-Net', 1, 1_000_000).default(200),
  batchSize: whole('Images per step', 1, 256).default(8),
  cropSize: whole('Height and width in pixels of its random crops', 16, 1024, 8).default(96),
  filters: whole('Channels after its first convolution', 4, 256).default(16),
  seed: whole('Seed of its random draws; training.seed if absent', 0, 2_147_483_647).optional(),
});

const gates = section('What the release must reach, as a mean over the sites; needs evaluate.enabled.', {
  minDice: real('Least Dice coefficient of the pixels', 0, 1).optional(),
  minAji: real('Least aggregated Jaccard index of the objects', 0, 1).optional(),
  maxHd95: real('Largest 95th percentile Hausdorff distance in pixels', 0, 1448).optional(),
});

export const release = section('The synthetic data set made at the end.', {
  samples: whole('Images in all, spread over the sites by their number of label maps', 1, 1_000_000).default(544),
  evaluate: evaluate.prefault({}),
  gates: gates.optional(),
});
