import {
  aggregate,
  type LabelledImages,
  type SegmentationResult,
  type SegmentationScore,
  Segmenter,
  type SegmenterSpec,
  scoreSchema,
  trainSegmenter,
} from '#evaluator';
import type { Experiment } from '#experiment';
import type { Hub } from '#generator';
import type { Native, State } from '#nn';
import type { Progress } from './progress.ts';
import type { SiteData } from './site-data.ts';

const segmenterSpec = ({ spec }: Experiment): SegmenterSpec => ({
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

/** Has every site score the segmenter on its own test images; only numbers come back. */
export async function scoreAtSites(hub: Hub, experiment: Experiment, weights: State, signal: AbortSignal): Promise<SegmentationResult> {
  const replies = await hub.score(segmenterSpec(experiment), weights, signal);
  return withMean(
    Object.fromEntries(Object.entries(replies).map(([site, { images: _count, ...score }]) => [site, scoreSchema.parse(score)])),
  );
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

const withMean = (sites: Record<string, SegmentationScore>): SegmentationResult => ({
  mean: aggregate(Object.values(sites)),
  sites,
});
