import type { Tensor } from '../graph.ts';
import type { Scope } from '../layers.ts';
import { relu } from '../ops/activation.ts';
import { add, scale, sub } from '../ops/math.ts';
import { affineNorm, batchNorm } from '../ops/norm.ts';
import { maxPool, upsample } from '../ops/pool.ts';
import { concat } from '../ops/shape.ts';

export interface UnetSpec {
  readonly filters: number;
  readonly classes: number;
  /** True: normalise with the batch and update the running statistics; false: use them. */
  readonly training: boolean;
}

const DEPTH = 3;
/** Weight of a new batch in the running statistics (PyTorch's default). */
const MOMENTUM = 0.1;

/**
 * U-Net (Ronneberger et al. 2015) with batch normalisation, 3 levels. image: [n, h, w, c] in [-1, 1], h and w divisible by 8
 * -> logits [n, h, w, classes]. With 16 filters: 0.49 M weights.
 */
export function unet(net: Scope, image: Tensor, { filters, classes, training }: UnetSpec): Tensor {
  const skips = [double(net.child('down0'), image, filters, training)];
  for (let i = 1; i <= DEPTH; i++) skips.push(double(net.child(`down${i}`), maxPool(skips.at(-1)!), filters * 2 ** i, training));
  let x = skips.at(-1)!;
  for (let i = DEPTH - 1; i >= 0; i--) x = double(net.child(`up${i}`), concat([upsample(x), skips[i]!], 3), filters * 2 ** i, training);
  return net.conv('classes', x, { kernel: 1, filters: classes, padding: 0, bias: true });
}

/** Twice 3x3 convolution, batch norm, ReLU. */
function double(net: Scope, x: Tensor, filters: number, training: boolean): Tensor {
  let y = x;
  for (const name of ['conv1', 'conv2']) {
    y = relu(normalise(net, `${name}/norm`, net.conv(name, y, { kernel: 3, filters, padding: 1, bias: false }), training));
  }
  return y;
}

function normalise(net: Scope, name: string, x: Tensor, training: boolean): Tensor {
  const channels = [x.shape[3]!];
  const gain = net.weight(`${name}/gain`, channels, 1);
  const bias = net.weight(`${name}/bias`, channels, 0);
  const running = { mean: net.buffer(`${name}/mean`, channels, 0), variance: net.buffer(`${name}/variance`, channels, 1) };
  if (!training) return affineNorm(x, gain, bias, net.graph.read(running.mean), net.graph.read(running.variance));
  const { y, mean, variance } = batchNorm(x, gain, bias);
  for (const [variable, now] of [
    [running.mean, mean],
    [running.variance, variance],
  ] as const) {
    const before = net.graph.read(variable);
    net.graph.assign(variable, add(before, scale(sub(now, before), MOMENTUM)));
  }
  return y;
}
