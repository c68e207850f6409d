import { frechetTexture, type Summary, textureFeatures } from '#evaluator';
import type { Experiment } from '#experiment';
import type { JournalEntry } from '#generator';
import type { Native } from '#nn';
import { versions } from '../versions.ts';
import type { SiteData } from './site-data.ts';

/** Wall-clock seconds of each stage of a run. */
export class Stopwatch {
  readonly seconds: Record<string, number> = {};

  /** Adds the time that `work` takes to the stage. */
  async time<T>(stage: string, work: () => Promise<T> | T): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.seconds[stage] = (this.seconds[stage] ?? 0) + (performance.now() - started) / 1000;
    }
  }
}

/** What one site exchanged in a mean iteration, by the journal. */
export function bytesPerIteration(journal: readonly JournalEntry[]): Summary['bytesPerIteration'] {
  const totals = new Map<string, { down: number; up: number; iterations: number }>();
  for (const { sites } of journal) {
    for (const [site, { bytes }] of Object.entries(sites)) {
      const total = totals.get(site) ?? { down: 0, up: 0, iterations: 0 };
      totals.set(site, { down: total.down + bytes.down, up: total.up + bytes.up, iterations: total.iterations + 1 });
    }
  }
  return Object.fromEntries(
    [...totals].map(([site, { down, up, iterations }]) => [site, { down: down / iterations, up: up / iterations }]),
  );
}

/** The same exchange in the original's format: float32 images down, float32 gradients up (label maps not counted on either side). */
export function originalBytesPerIteration({ spec }: Experiment): { down: number; up: number } {
  const bytes = 4 * spec.training.batchSize * spec.training.cropSize ** 2 * spec.model.image.channels;
  return { down: bytes, up: bytes };
}

/** FTD-48 between each site's real training images and the synthetic images in its style; computed here, in a local run alone. */
export async function frechetBySite(
  data: readonly SiteData[],
  imagesOf: (site: string) => readonly Uint8Array[],
): Promise<Record<string, number>> {
  const distances: Record<string, number> = {};
  for (const { site, train } of data) {
    const { size, channels } = train.image;
    const features = (image: Uint8Array) => textureFeatures(image, size, size, channels);
    const real: Float64Array[] = [];
    for (let i = 0; i < train.count; i++) real.push(features((await train.read(i)).image));
    const synthetic = imagesOf(site).map(features);
    if (real.length > 1 && synthetic.length > 1) distances[site] = frechetTexture(real, synthetic);
  }
  return distances;
}

/** Iterations per second of the iterations themselves: start-up, checkpoints and sample grids are in seconds.train. */
export const iterationsPerSecond = (journal: readonly JournalEntry[]): number =>
  journal.length / journal.reduce((sum, { seconds }) => sum + seconds, 0);

export const environment = (native: Native): Pick<Summary, 'backend' | 'versions' | 'peakRssMB'> => ({
  backend: `TensorFlow ${native.TF_Version} ${native.isUsingGpuDevice() ? 'gpu' : 'cpu'}`,
  versions: versions(native),
  peakRssMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
});
