import { dirname, resolve } from 'node:path';
import type { Experiment } from '#experiment';
import { readSafetensors, type State } from '#nn';

/** VGG16's weights, where the experiment has the perceptual term; their path is relative to the experiment's file. */
export async function readPerceptualWeights({ spec }: Experiment, file: string): Promise<State | null> {
  const { perceptual, perceptualWeights } = spec.training.losses;
  return perceptual > 0 && perceptualWeights ? readSafetensors(resolve(dirname(file), perceptualWeights)) : null;
}
