import { gradients } from '../gradients.ts';
import type { Tensor } from '../graph.ts';
import { DType } from '../graph-def.ts';
import { reshape, sum } from './broadcast.ts';
import { add, addN, mean, mul, rsqrt, square, stopGradient, sub, zerosLike } from './math.ts';
import { concat, split } from './shape.ts';

/** Added to the variance, as in PyTorch's InstanceNorm2d and BatchNorm2d. */
const EPSILON = 1e-5;
const FUSED = {
  T: { type: DType.float32 },
  U: { type: DType.float32 },
  epsilon: { float: EPSILON },
  data_format: { text: 'NHWC' },
  is_training: { bool: true },
} as const;

export interface BatchNorm {
  readonly y: Tensor;
  /** Of this batch, [c]; the variance is the unbiased one, as PyTorch stores it. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Batch normalisation with this batch's statistics (Ioffe 2015). x: [n, h, w, c]; gain, bias: [c]. */
export function batchNorm(x: Tensor, gain: Tensor, bias: Tensor): BatchNorm {
  const channels = gain.shape;
  const none = x.graph.constant([], [0]);
  const attributes = { ...FUSED, exponential_avg_factor: { float: 1 } };
  const outputs = x.graph.op(
    'FusedBatchNormV3',
    [x, gain, bias, none, none],
    attributes,
    [x.shape, ...Array<readonly number[]>(5).fill(channels)],
    ([dy]) => {
      const [dx, dGain, dBias] = batchNormGrad(dy!, x, gain, outputs.slice(3));
      return [dx!, dGain!, dBias!, null, null];
    },
  );
  return { y: outputs[0]!, mean: outputs[1]!, variance: outputs[2]! };
}

/** Normalisation with given statistics: mean, variance, gain, bias: [c]. */
export function affineNorm(x: Tensor, gain: Tensor, bias: Tensor, average: Tensor, variance: Tensor): Tensor {
  const factor = mul(gain, rsqrt(add(variance, x.graph.scalar(EPSILON))));
  return add(mul(x, factor), sub(bias, mul(average, factor)));
}

/**
 * Instance normalisation (Ulyanov 2016) with a gain and bias for each sample: x: [n, h, w, c]; gain, bias: [n, c] or [1, c] (shared).
 * A fused kernel runs for each sample: on a CPU that is faster than the formula, and a sample's style costs nothing.
 */
export function instanceNorm(x: Tensor, gain: Tensor, bias: Tensor): Tensor {
  const [n, , , channels] = x.shape;
  const rows = (t: Tensor) =>
    t.shape[0] === 1 ? Array<Tensor>(n!).fill(reshape(t, [channels!])) : split(t, n!).map((row) => reshape(row, [channels!]));
  const gains = rows(gain);
  const biases = rows(bias);
  return concat(
    split(x, n!).map((sample, i) => batchNorm(sample, gains[i]!, biases[i]!).y),
    0,
  );
}

/** [dx, dgain, dbias]; `reserved` are the last three outputs of the forward kernel. */
function batchNormGrad(dy: Tensor, x: Tensor, gain: Tensor, reserved: readonly Tensor[]): Tensor[] {
  const shapes = [x.shape, gain.shape, gain.shape, [0], [0]];
  return x.graph
    .op('FusedBatchNormGradV3', [dy, x, gain, ...reserved], FUSED, shapes, ([d, dGain, dBias]) => {
      // The kernel has no gradient of its own: differentiate the same thing written out, with respect to the kernel's inputs alone.
      const inputs = [dy, x, gain].map(stopGradient) as [Tensor, Tensor, Tensor];
      const formula = batchNormGradFormula(...inputs);
      const seeds = [d ?? zerosLike(dy), dGain ?? null, dBias ?? null];
      const used = formula.filter((_, i) => seeds[i]);
      return [
        ...gradients(
          used,
          seeds.filter((seed) => seed !== null),
          inputs,
        ),
        null,
        null,
        null,
      ];
    })
    .slice(0, 3);
}

/** Ioffe 2015, section 3: the derivatives of batch normalisation, from elementary ops. */
function batchNormGradFormula(dy: Tensor, x: Tensor, gain: Tensor): Tensor[] {
  const axes = [0, 1, 2];
  const centred = sub(x, mean(x, axes, true));
  const inverse = rsqrt(add(mean(square(centred), axes, true), x.graph.scalar(EPSILON)));
  const normal = mul(centred, inverse);
  const projection = addN([sub(dy, mean(dy, axes, true)), mul(normal, mul(x.graph.scalar(-1), mean(mul(dy, normal), axes, true)))]);
  return [mul(projection, mul(inverse, gain)), sum(mul(dy, normal), axes), sum(dy, axes)];
}
