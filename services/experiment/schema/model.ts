import { choice, flag, real, section, whole } from './fields.ts';

const image = section('Geometry of the images, the same at every site.', {
  size: whole('Height and width of an image in pixels', 16, 1024, 4).default(128),
  channels: whole('Channels of an image: 1 grey, 3 RGB, more for modalities', 1, 4).default(3),
});

const labels = section('What the pixels of a label map mean.', {
  kind: choice('Instances: 0 is background and k is object k. Classes: a pixel is the number of its class', [
    'Instances',
    'Classes',
  ]).default('Instances'),
  classes: whole('Training classes with background; Instances have three: background, interior, boundary', 2, 32).default(3),
});

const generator = section('The central network that draws images from label maps.', {
  architecture: choice('Network of the generator', ['ResNet']).default('ResNet'),
  filters: whole('Channels after the stem; two halvings of the size double them twice', 4, 256).default(16),
  blocks: whole('Residual blocks', 1, 16).default(4),
  siteStyle: flag('Scale and shift each norm by a code of the site, so that unlike sites do not collapse into one look').default(true),
  siteCapacity: whole('Length of the site code: how many sites can ever take part', 1, 256).default(16),
  latentChannels: whole('Random numbers per image that vary its style; 0 for none', 0, 256).default(4),
  noiseChannels: whole('Channels of pixel noise beside the label map; 0 for none', 0, 8).default(1),
  upsampling: choice("Nearest repeats pixels and convolves, free of checkerboards; Transposed is the paper's", [
    'Nearest',
    'Transposed',
  ]).default('Nearest'),
  maskSkip: flag('Show the label map to the last convolution again').default(true),
  dropout: real('Part of the activations dropped in each residual block; 0 for none', 0, 0.9).default(0),
});

const discriminator = section('The network that each site trains on its real images.', {
  architecture: choice('PatchGAN scores patches of image and label map; Segmentation names the class of every pixel, or fake', [
    'PatchGAN',
    'Segmentation',
  ]).default('PatchGAN'),
  filters: whole('Channels after the first convolution', 4, 256).default(24),
  layers: whole('Convolutions that halve the size', 1, 5).default(3),
  spectralNorm: flag('Divide each kernel by its largest singular value').default(true),
  norm: choice('Norm between the convolutions', ['None', 'Instance']).default('None'),
});

export const model = section('The networks and what goes in and out of them.', {
  image: image.prefault({}),
  labels: labels.prefault({}),
  initializer: choice('First weights: HeNormal by fan-in, Normal with mean 0 and deviation 0.02 as in pix2pix', [
    'HeNormal',
    'Normal',
  ]).default('HeNormal'),
  generator: generator.prefault({}),
  discriminator: discriminator.prefault({}),
});
