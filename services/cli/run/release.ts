import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { instancesOfClasses, type LabelledImages, type ReleaseCard, ReleaseWriter, readRelease } from '#evaluator';
import { type Experiment, experimentDigest } from '#experiment';
import type { SyntheticImage } from '#generator';
import type { Native } from '#nn';
import { versions } from '../versions.ts';
import type { Progress } from './progress.ts';

const PRIVACY_NOTES = [
  'Real images never left their sites; the hub received label maps (by policy) and gradients with respect to synthetic images.',
  'No differential privacy was applied: what the sites sent has not been bounded by a budget.',
];
const PAIRED_NOTE =
  'A paired loss was on: its gradient gives the sign of (synthetic - real) for each pixel, from which the hub could rebuild real images.';

/** Writes images as a release of the experiment. checkpoint: the file of the generator that made them. */
export async function writeRelease(
  native: Native,
  directory: string,
  experiment: Experiment,
  checkpoint: { file: string; iteration: number },
  images: Iterable<SyntheticImage> | AsyncIterable<SyntheticImage>,
  total: number,
  progress: Progress,
): Promise<ReleaseCard> {
  const { model, sites, training } = experiment.spec;
  const { size } = model.image;
  const plan = { image: model.image, labels: model.labels, sites: sites.map(({ name, masks }) => ({ name, masks })) };
  const writer = await ReleaseWriter.create(directory, plan);
  progress.start('release', total);
  for await (const { site, image, classes } of images) {
    await writer.add({ site, image, labels: model.labels.kind === 'Instances' ? instancesOfClasses(classes, size, size) : classes });
    progress.update(writer.count);
  }
  progress.finish();
  const pairedTerms = training.losses.l1 > 0 || training.losses.perceptual > 0;
  return writer.finish({
    experiment: experiment.metadata.name,
    digest: experimentDigest(experiment),
    seed: training.seed,
    iterations: checkpoint.iteration,
    generator: {
      checkpoint: createHash('sha256')
        .update(await readFile(checkpoint.file))
        .digest('hex'),
    },
    created: new Date().toISOString(),
    versions: versions(native),
    privacy: { differentialPrivacy: false, pairedTerms, notes: pairedTerms ? [...PRIVACY_NOTES, PAIRED_NOTE] : PRIVACY_NOTES },
    scores: null,
  });
}

/** The images of a release, checked against its card, as training data; all in memory. */
export async function releaseImages(
  directory: string,
): Promise<LabelledImages & { card: ReleaseCard; imagesOf(site: string): Uint8Array[] }> {
  const { card, samples } = await readRelease(directory);
  const all = [...samples()];
  return {
    card,
    count: all.length,
    read: async (index) => all[index]!,
    imagesOf: (site) => all.filter((sample) => sample.site === site).map(({ image }) => image),
  };
}
