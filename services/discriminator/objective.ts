import type { TrainingSpec } from '#experiment';
import {
  add,
  addN,
  broadcastTo,
  channelStatistics,
  crossEntropy,
  discriminatorLoss,
  type Graph,
  generatorLoss,
  gradients,
  type Judgement,
  l1Loss,
  type Parameters,
  type PatchLoss,
  perceptualLoss,
  r1Penalty,
  type State,
  scale,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type Variable,
} from '#nn';
import type { Judge } from './network.ts';

/** A batch as the graph sees it: conditions [n, h, w, k], images [n, h, w, c], classes [n, h, w, classes + 1] one-hot (Segmentation only). */
export interface BatchTensors {
  readonly conditions: Tensor;
  readonly images: Tensor;
  readonly classes: Tensor | null;
  /** [classes + 1]: weight of each class; null where classes are. */
  readonly classWeights: Tensor | null;
}

/** Weight of a new batch in the running feature statistics of the real images. */
const FEATURE_MOMENTUM = 0.1;

/** What the discriminator minimises: tells real from fake (or names each pixel's class), with R1 where asked. */
export function discriminatorObjective(
  judge: Judge,
  real: BatchTensors,
  fake: BatchTensors,
  training: TrainingSpec,
  statistics: RunningStatistics | null,
): Tensor {
  const { adversarial, r1 } = training.losses;
  const onReal = judge(real.conditions, real.images);
  const onFake = judge(fake.conditions, fake.images);
  statistics?.observe(onReal.features);
  const loss =
    adversarial === 'CrossEntropy' ? segmentationLoss(onReal, onFake, real) : discriminatorLoss(adversarial, onReal.logits, onFake.logits);
  if (r1 === 0) return loss;
  const [slope] = gradients([sum(onReal.logits)], [loss.graph.scalar(1)], [real.images]);
  return add(loss, scale(r1Penalty(slope!), r1));
}

/** Pixels of real images are to get their class, pixels of fakes the last class, 'fake'. */
function segmentationLoss(onReal: Judgement, onFake: Judgement, real: BatchTensors): Tensor {
  const { graph, shape } = onFake.logits;
  const fakeClass = graph.constant(Array.from({ length: shape[3]! }, (_, i) => (i === shape[3]! - 1 ? 1 : 0)));
  return add(
    crossEntropy(onReal.logits, real.classes!, real.classWeights),
    crossEntropy(onFake.logits, broadcastTo(fakeClass, shape), null),
  );
}

/** What the generator's images should minimise, as a term for each loss of the experiment that is on. */
export function generatorObjective(
  judge: Judge,
  fake: BatchTensors,
  paired: Tensor | null,
  training: TrainingSpec,
  statistics: RunningStatistics | null,
  perceptual: State | null,
): Tensor {
  const { adversarial, l1, perceptual: perceptualWeight, featureMatching } = training.losses;
  const judged = judge(fake.conditions, fake.images);
  const terms = [
    adversarial === 'CrossEntropy'
      ? crossEntropy(judged.logits, fake.classes!, fake.classWeights)
      : generatorLoss(adversarial as PatchLoss, judged.logits),
  ];
  if (statistics) terms.push(scale(statistics.distance(judged.features), featureMatching));
  if (l1 > 0 && paired) terms.push(scale(l1Loss(fake.images, paired), l1));
  if (perceptual && paired) terms.push(scale(perceptualLoss(perceptual, fake.images, paired), perceptualWeight));
  return addN(terms);
}

/**
 * Feature matching (Salimans 2016) on aggregates: the mean and deviation of each feature channel over whole batches, as a running average on
 * the real side, so that no gradient points at one real image.
 */
export class RunningStatistics {
  readonly #graph: Graph;
  readonly #parameters: Parameters;
  readonly #variables: { mean: Variable; deviation: Variable }[] = [];

  constructor(graph: Graph, parameters: Parameters) {
    this.#graph = graph;
    this.#parameters = parameters;
  }

  observe(features: readonly Tensor[]): void {
    features.forEach((feature, i) => {
      const now = channelStatistics(stopGradient(feature));
      const channels = [feature.shape[3]!];
      this.#variables[i] ??= {
        mean: this.#parameters.buffer(`features${i}/mean`, channels, 0),
        deviation: this.#parameters.buffer(`features${i}/deviation`, channels, 1),
      };
      const { mean, deviation } = this.#variables[i];
      for (const [variable, value] of [
        [mean, now.mean],
        [deviation, now.deviation],
      ] as const) {
        const before = this.#graph.read(variable);
        this.#graph.assign(variable, add(before, scale(sub(value, before), FEATURE_MOMENTUM)));
      }
    });
  }

  /** Mean over the layers of the L1 distance between the fakes' statistics and the running ones. */
  distance(features: readonly Tensor[]): Tensor {
    const parts = features.map((feature, i) => {
      const now = channelStatistics(feature);
      const { mean, deviation } = this.#variables[i]!;
      return add(l1Loss(now.mean, this.#graph.read(mean)), l1Loss(now.deviation, this.#graph.read(deviation)));
    });
    return scale(addN(parts), 1 / parts.length);
  }
}
