import type { Tensor } from '../graph.ts';
import type { Scope } from '../layers.ts';
import { relu, tanh } from '../ops/activation.ts';
import { add } from '../ops/math.ts';
import { upsample } from '../ops/pool.ts';
import { dropout } from '../ops/random.ts';
import { concat } from '../ops/shape.ts';

export interface ResnetGeneratorSpec {
  readonly filters: number;
  readonly blocks: number;
  readonly channels: number;
  /** Transposed: the paper's stride-2 transposed convolution. Nearest: repeat the pixels, then convolve: no checkerboard (Odena 2016). */
  readonly upsampling: 'Transposed' | 'Nearest';
  /** Show the conditions to the last layer again. Not in the paper. */
  readonly maskSkip: boolean;
  /** Rate inside the residual blocks (the paper: 0.5), and the run's seed for the masks. */
  readonly dropout?: { rate: number; seed: Tensor };
}

/**
 * ResNet generator (Johnson et al. 2016, section 3.1; AsynDGAN uses 9 blocks and 64 filters at 256 px: 11.383 M weights).
 * conditions: [n, h, w, k] (label maps in {0, 1}, noise); style: [n, s] or null -> image [n, h, w, channels] in (-1, 1). h and w divisible by 4.
 */
export function resnetGenerator(net: Scope, conditions: Tensor, style: Tensor | null, spec: ResnetGeneratorSpec): Tensor {
  const { filters: f, blocks, channels } = spec;
  const normed = (name: string, x: Tensor) => relu(net.instanceNorm(`${name}/norm`, x, style));
  let x = normed('stem', net.conv('stem', conditions, { kernel: 7, filters: f, padding: 'reflect', bias: false }));
  x = normed('down1', net.conv('down1', x, { kernel: 3, filters: 2 * f, stride: 2, padding: 1, bias: false }));
  x = normed('down2', net.conv('down2', x, { kernel: 3, filters: 4 * f, stride: 2, padding: 1, bias: false }));
  for (let i = 0; i < blocks; i++) x = add(x, residual(net.child(`block${i}`), x, style, i, spec));
  const up = (name: string, filters: number) =>
    spec.upsampling === 'Nearest'
      ? net.conv(name, upsample(x), { kernel: 3, filters, padding: 'reflect', bias: false })
      : net.convTranspose(name, x, filters);
  x = normed('up1', up('up1', 2 * f));
  x = normed('up2', up('up2', f));
  const last = spec.maskSkip ? concat([x, conditions], 3) : x;
  return tanh(net.conv('image', last, { kernel: 7, filters: channels, padding: 'reflect', bias: true, initializer: { deviation: 0.02 } }));
}

function residual(net: Scope, x: Tensor, style: Tensor | null, block: number, spec: ResnetGeneratorSpec): Tensor {
  const conv = { kernel: 3, filters: x.shape[3]!, padding: 'reflect', bias: false } as const;
  let y = relu(net.instanceNorm('norm1', net.conv('conv1', x, conv), style));
  if (spec.dropout) y = dropout(y, spec.dropout.rate, add(spec.dropout.seed, x.graph.constant([0, block])));
  return net.instanceNorm('norm2', net.conv('conv2', y, conv), style);
}
