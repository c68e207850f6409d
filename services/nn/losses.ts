import type { Tensor } from './graph.ts';
import { logSoftmax, relu, softplus } from './ops/activation.ts';
import { reshape, sum } from './ops/broadcast.ts';
import { abs, add, addN, div, mean, mul, neg, scale, sqrt, square, sub } from './ops/math.ts';

export type PatchLoss = 'BCE' | 'LSGAN' | 'Hinge';

/** The discriminator's loss on logits of real and fake patches. BCE: Goodfellow 2014; LSGAN: Mao 2017; Hinge: Lim and Ye 2017. */
export function discriminatorLoss(kind: PatchLoss, real: Tensor, fake: Tensor): Tensor {
  const one = real.graph.scalar(1);
  if (kind === 'BCE') return add(mean(softplus(neg(real))), mean(softplus(fake)));
  if (kind === 'LSGAN') return add(mean(square(sub(real, one))), mean(square(fake)));
  return add(mean(relu(sub(one, real))), mean(relu(add(one, fake))));
}

/** The generator's loss on logits of fake patches (BCE: the non-saturating form). */
export function generatorLoss(kind: PatchLoss, fake: Tensor): Tensor {
  if (kind === 'BCE') return mean(softplus(neg(fake)));
  if (kind === 'LSGAN') return mean(square(sub(fake, fake.graph.scalar(1))));
  return neg(mean(fake));
}

/**
 * Mean cross-entropy over pixels, weighted by class. logits: [n, h, w, k], targets: [n, h, w, k] one-hot, weights: [k] or null (all 1).
 * As PyTorch's cross_entropy: divided by the sum of the weights of the pixels.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, weights: Tensor | null): Tensor {
  const classes = logits.shape.at(-1)!;
  const rows = [logits.shape.reduce((a, b) => a * b) / classes, classes];
  const logProbabilities = logSoftmax(reshape(logits, rows));
  const weighted = weights ? mul(reshape(targets, rows), weights) : reshape(targets, rows);
  return neg(div(sum(mul(weighted, logProbabilities)), sum(weighted)));
}

export const l1Loss = (a: Tensor, b: Tensor): Tensor => mean(abs(sub(a, b)));

/** Mean and standard deviation of each channel over samples and pixels: [n, h, w, c] -> [2, c]. No single sample can be read from them. */
export function channelStatistics(x: Tensor): { mean: Tensor; deviation: Tensor } {
  const average = mean(x, [0, 1, 2], true);
  const variance = mean(square(sub(x, average)), [0, 1, 2]);
  return { mean: reshape(average, [x.shape[3]!]), deviation: sqrt(add(variance, x.graph.scalar(1e-8))) };
}

/** R1 (Mescheder 2018): half the squared norm of the gradient at real images, averaged over samples. gradient: [n, h, w, c]. */
export function r1Penalty(gradient: Tensor): Tensor {
  return scale(mean(sum(square(gradient), [1, 2, 3])), 0.5);
}

/** Soft Dice loss over the foreground (all classes but 0): probabilities, targets: [pixels, k]. 1 - (2 overlap + 1) / (sizes + 1). */
export function diceLoss(foreground: Tensor, truth: Tensor): Tensor {
  const one = foreground.graph.scalar(1);
  const overlap = add(scale(sum(mul(foreground, truth)), 2), one);
  return sub(one, div(overlap, addN([sum(foreground), sum(truth), one].map((part) => reshape(part, [])))));
}
