import { StateMismatchError } from '../errors.ts';
import type { Graph, Tensor } from '../graph.ts';
import { relu } from '../ops/activation.ts';
import { biasAdd, conv2d } from '../ops/conv.ts';
import { addN, div, mean, scale, square, sub } from '../ops/math.ts';
import { maxPool } from '../ops/pool.ts';
import { concat } from '../ops/shape.ts';
import type { State } from '../session.ts';

/** torchvision's numbering of VGG16's convolutions up to relu4_3; 'pool' halves the image, 'tap' compares features. */
const LAYERS: readonly (number | 'pool' | 'tap')[] = [
  0,
  2,
  'tap',
  'pool',
  5,
  7,
  'tap',
  'pool',
  10,
  12,
  14,
  'tap',
  'pool',
  17,
  19,
  21,
  'tap',
];
/** What torchvision's weights expect of an RGB image in [0, 1]. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/**
 * Perceptual loss (Johnson 2016) of AsynDGAN's published code: the mean of the mean squared differences of VGG16's relu1_2, relu2_2, relu3_3, relu4_3.
 * weights: 'features.N.weight' [out, in, 3, 3] and 'features.N.bias' as torchvision names them. a, b: [n, h, w, 1 or 3] in [-1, 1], h and w divisible by 8.
 * The weights are constants of the graph: they are in no checkpoint.
 */
export function perceptualLoss(weights: State, a: Tensor, b: Tensor): Tensor {
  const convolutions = new Map<number, Convolution>();
  let channels = IMAGENET.mean.length;
  for (const layer of LAYERS.filter((layer) => typeof layer === 'number')) {
    const made = convolution(a.graph, weights, layer, channels);
    convolutions.set(layer, made);
    channels = made.bias.shape[0]!;
  }
  const [ofA, ofB] = [features(convolutions, a), features(convolutions, b)];
  return scale(addN(ofA.map((feature, i) => mean(square(sub(feature, ofB[i]!))))), 1 / ofA.length);
}

function features(convolutions: ReadonlyMap<number, Convolution>, image: Tensor): Tensor[] {
  const { graph } = image;
  const rgb = image.shape[3] === 1 ? concat([image, image, image], 3) : image;
  const centre = graph.constant(IMAGENET.mean.map((value) => 2 * value - 1));
  let x = div(sub(rgb, centre), graph.constant(IMAGENET.deviation.map((value) => 2 * value)));
  const taps: Tensor[] = [];
  for (const layer of LAYERS) {
    if (layer === 'pool') x = maxPool(x);
    else if (layer === 'tap') taps.push(x);
    else {
      const { filter, bias } = convolutions.get(layer)!;
      x = relu(biasAdd(conv2d(x, filter, { stride: 1, padding: 1 }), bias));
    }
  }
  return taps;
}

interface Convolution {
  readonly filter: Tensor;
  readonly bias: Tensor;
}

/** [out, in, 3, 3] of PyTorch -> [3, 3, in, out]. */
function convolution(graph: Graph, weights: State, layer: number, inputs: number): Convolution {
  const bias = entry(weights, `features.${layer}.bias`, [null]);
  const out = bias.data.length;
  const { data } = entry(weights, `features.${layer}.weight`, [out, inputs, 3, 3]);
  const filter = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const [k, i, o] = [at % 9, Math.floor(at / 9) % inputs, Math.floor(at / (9 * inputs))];
    filter[(k * inputs + i) * out + o] = data[at]!;
  }
  return { filter: graph.constant(filter, [3, 3, inputs, out]), bias: graph.constant(bias.data) };
}

/** null in `shape`: any extent. */
function entry(weights: State, name: string, shape: readonly (number | null)[]) {
  const value = weights.get(name);
  if (!value) throw new StateMismatchError(`the perceptual weights have no '${name}' (torchvision's names of VGG16 are expected)`);
  const fits = value.shape.length === shape.length && shape.every((extent, axis) => extent === null || extent === value.shape[axis]);
  if (!fits)
    throw new StateMismatchError(
      `'${name}' of the perceptual weights is [${value.shape}], expected [${shape.map((extent) => extent ?? 'any')}]`,
    );
  return value;
}
