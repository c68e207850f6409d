/** The training engine: a training step is one TensorFlow graph, built here, differentiated here, run by the tfjs-node-gpu addon. */
export { Adam, decayedRate, updateAverages } from './adam.ts';
export { type Checkpoint, readCheckpoint } from './checkpoint.ts';
export { CheckpointStore } from './checkpoint-store.ts';
export { CheckpointDamagedError, NnError, StateMismatchError } from './errors.ts';
export { gradients } from './gradients.ts';
export { Graph, type Tensor, type Variable } from './graph.ts';
export { type LayerSettings, Scope } from './layers.ts';
export {
  channelStatistics,
  crossEntropy,
  diceLoss,
  discriminatorLoss,
  generatorLoss,
  l1Loss,
  type PatchLoss,
  r1Penalty,
} from './losses.ts';
export { configureNative, loadNative, type Native, type NativeSettings } from './native.ts';
export { type Judgement, patchDiscriminator } from './networks/patch-discriminator.ts';
export { resnetGenerator } from './networks/resnet-generator.ts';
export { segmentationDiscriminator } from './networks/segmentation-discriminator.ts';
export { unet } from './networks/unet.ts';
export { perceptualLoss } from './networks/vgg16.ts';
export { softmax } from './ops/activation.ts';
export { broadcastTo, reshape, sum } from './ops/broadcast.ts';
export { add, addN, mul, scale, stopGradient, sub } from './ops/math.ts';
export { randomNormal } from './ops/random.ts';
export { concat, slice } from './ops/shape.ts';
export { type Initializer, Parameters } from './parameters.ts';
export { Random } from './random.ts';
export { readSafetensors } from './safetensors.ts';
export { type Arrays, Session, type State } from './session.ts';
export { inShards } from './shards.ts';
