import { resolve } from 'node:path';
import type { Experiment } from '#experiment';
import { readSafetensors, type State } from '#nn';

/** VGG16's weights where the experiment has the perceptual term, else null; their path is relative to `folder`. Throws WeightsFileError. */
export async function readPerceptualWeights({ spec }: Experiment, folder: string): Promise<State | null> {
  const { perceptual, perceptualWeights } = spec.training.losses;
  return perceptual > 0 && perceptualWeights ? readSafetensors(resolve(folder, perceptualWeights)) : null;
}
