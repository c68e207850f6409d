import { join } from 'node:path';
import type { Summary } from '#evaluator';
import type { Experiment } from '#experiment';
import { type FederationOptions, openPooledFederation } from './federation.ts';
import { layout } from './output.ts';
import type { Progress } from './progress.ts';
import { scoreHere, segmenterFor } from './segmentation.ts';
import { PooledDataset, type SiteData } from './site-data.ts';
import { train } from './training.ts';

type Baselines = Required<Pick<Summary['segmentation'], 'realAll' | 'realSubset' | 'synAll'>>;

/**
 * What AsynDGAN is to be compared with: the same U-Net trained on everybody's real images (Real-All), on one site's (Real-subset), and on images of
 * the same generator trained against one discriminator over everybody's data (Syn-All). Throws RunStopped when `signal` was aborted.
 */
export async function runBaselines(
  experiment: Experiment,
  data: readonly SiteData[],
  options: Omit<FederationOptions, 'directory' | 'journal' | 'events'>,
  directory: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Baselines> {
  const score = async (name: string, images: Parameters<typeof segmenterFor>[3]) =>
    scoreHere(options.native, experiment, await segmenterFor(options.native, experiment, name, images, progress, signal), data);
  const everything = new PooledDataset(
    'all',
    data.map(({ train }) => train),
  );
  const realAll = await score('all real images', everything);
  const realSubset: Baselines['realSubset'] = {};
  for (const { site, train } of data) realSubset[site] = await score(`the real images of ${site}`, train);

  const { checkpoints, journal, events } = layout(join(directory, 'syn-all'));
  const federation = await openPooledFederation(experiment, data, { ...options, directory: checkpoints, journal, events });
  try {
    await train(federation, null, progress, 'training Syn-All', signal);
    const images = [...federation.hub.release(experiment.spec.release.samples)];
    return { realAll, realSubset, synAll: await score('Syn-All images', { count: images.length, read: async (index) => images[index]! }) };
  } finally {
    await federation.close();
  }
}
