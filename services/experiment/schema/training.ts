import { choice, line, real, section, whole } from './fields.ts';

const schedule = section('When the generator takes a step.', {
  mode: choice('Synchronous waits for the sites of an iteration; BoundedStaleness takes feedback for older versions', [
    'Synchronous',
    'BoundedStaleness',
  ]).default('Synchronous'),
  maxStaleness: whole('Oldest feedback that is used, in generator versions; BoundedStaleness only', 0, 16).default(1),
  quorum: whole('Sites whose feedback makes an iteration; all of them if absent', 1, 64).optional(),
});

const losses = section('Weights of the loss terms; a term with weight 0 is not computed.', {
  adversarial: choice('Adversarial loss; CrossEntropy is the one of the Segmentation discriminator', [
    'BCE',
    'LSGAN',
    'Hinge',
    'CrossEntropy',
  ]).default('Hinge'),
  l1: real('Weight of the paired L1 term; its gradient gives the real image away, pixel by pixel', 0, 1000).default(0),
  perceptual: real('Weight of the paired perceptual (VGG16) term; leaks as L1 does', 0, 1000).default(0),
  perceptualWeights: line('File of VGG16 weights, relative to the experiment file; needed by the perceptual term', 1024).optional(),
  featureMatching: real('Weight of matching the mean features of real and synthetic batches', 0, 1000).default(0),
  r1: real('Weight of the squared gradient of the discriminator at real images', 0, 1000).default(0),
});

const optimizer = section('Adam, for the generator and for each discriminator.', {
  learningRate: real('Learning rate of the generator, and of the discriminators unless they have their own', 1e-7, 0.1).default(0.0005),
  discriminatorLearningRate: real('Learning rate of the discriminators', 1e-7, 0.1).optional(),
  beta1: real('Decay of the first moment', 0, 0.9999).default(0),
  beta2: real('Decay of the second moment', 0, 0.99999).default(0.99),
  decayFrom: real('Fraction of the run after which the rates fall linearly to 0; 1 for never', 0, 1).default(0.5),
});

export const training = section('How the networks are trained.', {
  iterations: whole('Steps of the generator in the whole run', 1, 10_000_000).default(400),
  batchSize: whole('Images per site and iteration', 1, 256).default(2),
  cropSize: whole('Height and width in pixels of the random crops trained on', 16, 1024, 4).default(64),
  seed: whole('Seed of every random draw of the run', 0, 2_147_483_647).default(1),
  discriminatorSteps: whole('Steps of a discriminator for each step of the generator', 1, 16).default(1),
  schedule: schedule.prefault({}),
  mixture: choice("Weights of the sites' feedback: equal, by number of training images, by loss, by odds", [
    'Uniform',
    'SiteSize',
    'Forgiving',
    'Odds',
  ]).default('SiteSize'),
  losses: losses.prefault({}),
  optimizer: optimizer.prefault({}),
  averaging: real('Decay per iteration of the moving average of the generator that makes the release; 0 for none', 0, 0.99999).default(
    0.995,
  ),
  checkpointEvery: whole('Iterations between checkpoints', 1, 10_000_000).default(50),
  sampleEvery: whole('Iterations between sample grids', 1, 10_000_000).default(100),
  precision: choice('Arithmetic of the convolutions', ['Float32', 'BFloat16']).default('Float32'),
});

export const wire = section('Encodings of what crosses the network.', {
  images: choice('Synthetic images on their way down', ['UInt8', 'Float16', 'Float32']).default('UInt8'),
  feedback: choice('Gradients with respect to them on their way up', ['Float16', 'Int8', 'Float32']).default('Float16'),
});
