import type { Tensor } from '../graph.ts';
import type { Scope } from '../layers.ts';
import { leakyRelu } from '../ops/activation.ts';
import { concat } from '../ops/shape.ts';

export interface DiscriminatorSpec {
  readonly filters: number;
  readonly layers: number;
  readonly norm: 'None' | 'Instance';
}

/** What a discriminator says of its input, and its hidden features, coarse last (for feature matching). */
export interface Judgement {
  readonly logits: Tensor;
  readonly features: readonly Tensor[];
}

/**
 * PatchGAN (Isola et al. 2017, section 3.2.2): 4x4 convolutions, 3 layers see 70x70 pixels; 2.769 M weights with 64 filters and 6 input channels.
 * conditions: [n, h, w, k], image: [n, h, w, c] -> logits [n, h', w', 1], one for each patch (h' = h/2^layers - 2).
 */
export function patchDiscriminator(net: Scope, conditions: Tensor, image: Tensor, { filters, layers, norm }: DiscriminatorSpec): Judgement {
  const features: Tensor[] = [];
  let x = concat([conditions, image], 3);
  for (let i = 0; i <= layers; i++) {
    const normed = norm === 'Instance' && i > 0;
    const name = `conv${i + 1}`;
    x = net.conv(name, x, { kernel: 4, filters: filters * Math.min(2 ** i, 8), stride: i < layers ? 2 : 1, padding: 1, bias: !normed });
    x = leakyRelu(normed ? net.instanceNorm(`${name}/norm`, x, null) : x);
    features.push(x);
  }
  return { logits: net.conv('patch', x, { kernel: 4, filters: 1, padding: 1, bias: true }), features };
}
