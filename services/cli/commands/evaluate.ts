import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Dataset, hasSplit, type ImageSpec, type LabelSpec, openDataset } from '#datasets';
import { Segmenter, trainSegmenter } from '#evaluator';
import { configureNative, loadNative } from '#nn';
import { NoTestDataError } from '../errors.ts';
import { Progress } from '../run/progress.ts';
import { releaseImages } from '../run/release.ts';

export interface EvaluateOptions {
  readonly release: string;
  readonly data: string;
  readonly steps: number;
  readonly seed: number;
  readonly threads?: number;
}

/** The U-Net of the report; its crops are three quarters of the image, in whole eighths. */
const UNET = { filters: 16, batchSize: 8 };

/** `asyndgan evaluate`: what a release is worth to somebody who has real test images. */
export async function evaluate({ release, data, steps, seed, threads = availableParallelism() }: EvaluateOptions): Promise<void> {
  const images = await releaseImages(release);
  const { image, labels } = images.card;
  const tests = await openTests(data, image, labels);
  configureNative({ intraOpThreads: 1, interOpThreads: threads, precision: 'Float32' });
  const native = loadNative();
  const progress = new Progress(process.stderr);
  const spec = { ...image, labels, filters: UNET.filters };
  const cropSize = Math.max(8, Math.floor((0.75 * image.size) / 8) * 8);
  progress.start('segmenter on the release', steps);
  const weights = await trainSegmenter(
    native,
    images,
    spec,
    { steps, batchSize: UNET.batchSize, cropSize, seed },
    (step) => progress.update(step),
    new AbortController().signal,
  );
  const segmenter = new Segmenter(native, spec, weights);
  for (const test of tests) {
    const { dice, aji, hd95, sensitivity, specificity } = await segmenter.score(test);
    const numbers = Object.entries({ dice, aji, hd95, sensitivity, specificity }).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.log(`${test.site}: ${test.count} images, ${numbers.join(', ')}`);
    await test.close();
  }
  segmenter.close();
}

/** The folder itself where it has a test split, otherwise each folder in it that has one. */
async function openTests(data: string, image: ImageSpec, labels: LabelSpec): Promise<Dataset[]> {
  const sourceOf = (path: string) => ({ path, format: 'Folder', fit: 'Exact', contrast: 'Stretch' }) as const;
  const folders = (await hasSplit(sourceOf(data), 'test')) ? [{ name: 'test', path: data }] : await foldersIn(data);
  const tests: Dataset[] = [];
  for (const { name, path } of folders)
    if (await hasSplit(sourceOf(path), 'test')) tests.push(await openDataset(name, sourceOf(path), 'test', image, labels));
  if (tests.length === 0) throw new NoTestDataError(data);
  return tests;
}

async function foldersIn(directory: string) {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ name, path: join(directory, name) }));
}
