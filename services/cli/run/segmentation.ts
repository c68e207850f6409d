import {
  aggregate,
  type LabelledImages,
  type SegmentationResult,
  type SegmentationScore,
  Segmenter,
  type SegmenterSpec,
  trainSegmenter,
} from '#evaluator';
import type { Experiment } from '#experiment';
import type { Native, State } from '#nn';
import type { Progress } from './progress.ts';
import type { SiteData } from './site-data.ts';

export const segmenterSpec = ({ spec }: Experiment): SegmenterSpec => ({
  size: spec.model.image.size,
  channels: spec.model.image.channels,
  labels: spec.model.labels,
  filters: spec.release.evaluate.filters,
});

/** Trains the experiment's U-Net on these images: the same network, budget and seed whatever the images are. */
export async function segmenterFor(
  native: Native,
  experiment: Experiment,
  name: string,
  images: LabelledImages,
  progress: Progress,
  signal: AbortSignal,
): Promise<State> {
  const { evaluate } = experiment.spec.release;
  const training = { ...evaluate, seed: evaluate.seed ?? experiment.spec.training.seed };
  progress.start(`segmenter on ${name}`, evaluate.steps);
  const weights = await trainSegmenter(native, images, segmenterSpec(experiment), training, (step) => progress.update(step), signal);
  progress.finish();
  return weights;
}

/** Scores a segmenter on the real test images of every site that has some. */
export async function scoreHere(
  native: Native,
  experiment: Experiment,
  weights: State,
  data: readonly SiteData[],
): Promise<SegmentationResult> {
  const segmenter = new Segmenter(native, segmenterSpec(experiment), weights);
  try {
    const sites: Record<string, SegmentationScore> = {};
    for (const { site, test } of data) if (test) sites[site] = await segmenter.score(test);
    return withMean(sites);
  } finally {
    segmenter.close();
  }
}

export const withMean = (sites: Record<string, SegmentationScore>): SegmentationResult => ({
  mean: aggregate(Object.values(sites)),
  sites,
});
