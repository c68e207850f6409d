import type { Tensor } from '../graph.ts';
import type { Scope } from '../layers.ts';
import { leakyRelu } from '../ops/activation.ts';
import { upsample } from '../ops/pool.ts';
import { concat } from '../ops/shape.ts';
import type { Judgement } from './patch-discriminator.ts';

/**
 * Segmentation discriminator (Schönfeld et al. 2020, "OASIS"): a small U-Net on the image alone that names each pixel's class, or calls it fake.
 * image: [n, h, w, c], h and w divisible by 2^layers -> logits [n, h, w, classes + 1]; the last class is 'fake'.
 */
export function segmentationDiscriminator(
  net: Scope,
  image: Tensor,
  spec: { filters: number; layers: number; classes: number },
): Judgement {
  const { filters, layers, classes } = spec;
  const skips = [leakyRelu(net.conv('stem', image, { kernel: 3, filters, padding: 1, bias: true }))];
  for (let i = 1; i <= layers; i++) {
    skips.push(leakyRelu(net.conv(`down${i}`, skips.at(-1)!, { kernel: 4, filters: filters * 2 ** i, stride: 2, padding: 1, bias: true })));
  }
  let x = leakyRelu(net.conv('middle', skips.at(-1)!, { kernel: 3, filters: filters * 2 ** layers, padding: 1, bias: true }));
  for (let i = layers - 1; i >= 0; i--) {
    x = leakyRelu(
      net.conv(`up${i}`, concat([upsample(x), skips[i]!], 3), { kernel: 3, filters: filters * 2 ** i, padding: 1, bias: true }),
    );
  }
  return { logits: net.conv('classes', x, { kernel: 1, filters: classes + 1, padding: 0, bias: true }), features: skips.slice(1) };
}
