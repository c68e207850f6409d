import type { DiscriminatorSpec, ModelSpec } from '#experiment';
import { Graph, inShards, type Judgement, Parameters, patchDiscriminator, Scope, segmentationDiscriminator, type Tensor } from '#nn';

/** The discriminator of the experiment's model, ready to judge batches. conditions: [n, h, w, k], image: [n, h, w, c]. */
export type Judge = (conditions: Tensor, image: Tensor) => Judgement;

/** A fresh look at the weights: what was written to them before is seen, what is written later is not. */
export function judge(parameters: Parameters, model: ModelSpec): Judge {
  const { discriminator } = model;
  const net = new Scope(parameters, { initializer: initializerOf(model), spectralNorm: discriminator.spectralNorm });
  return discriminator.architecture === 'PatchGAN'
    ? (conditions, image) => patchDiscriminator(net, conditions, image, discriminator)
    : (_conditions, image) => segmentationDiscriminator(net, image, { ...sizesOf(discriminator), classes: model.labels.classes });
}

/** The same judgement, slices of the batch side by side: for a pass that has no other to run beside. */
export const sharded =
  (judge: Judge, shards: number): Judge =>
  (conditions, image) => {
    const [logits, ...features] = inShards([conditions, image], shards, ([someConditions, someImages]) => {
      const judged = judge(someConditions!, someImages!);
      return [judged.logits, ...judged.features];
    });
    return { logits: logits!, features };
  };

/** Weights of the model's discriminator, for who does not have one. conditionChannels: of the label maps. */
export function discriminatorWeights(model: ModelSpec, conditionChannels: number): number {
  const graph = new Graph();
  const parameters = new Parameters(graph, 'discriminator', 0);
  const { size, channels } = model.image;
  graph.run('judge', () => {
    judge(parameters, model)(
      graph.placeholder('conditions', [1, size, size, conditionChannels]),
      graph.placeholder('images', [1, size, size, channels]),
    );
    return {};
  });
  return parameters.count;
}

const sizesOf = ({ filters, layers }: DiscriminatorSpec) => ({ filters, layers });

/** Normal: pix2pix's N(0, 0.02). HeNormal is the generator's; a discriminator starts smaller and so learns faster. */
const initializerOf = (model: ModelSpec) => (model.initializer === 'Normal' ? { deviation: 0.02 } : 'FanIn');
