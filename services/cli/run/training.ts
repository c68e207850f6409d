import { join } from 'node:path';
import { type GridRow, writeGrid } from '#evaluator';
import type { Experiment } from '#experiment';
import { type JournalEntry, readJournal, trainSynchronously } from '#generator';
import type { Federation } from './federation.ts';
import { RunStopped } from './interrupt.ts';
import type { Progress } from './progress.ts';

/** Pairs of label map and image that a sample grid shows of each site. */
const SAMPLES_PER_SITE = 4;
/** Share of a new iteration in the shown losses. */
const SMOOTHING = 0.05;

/** Trains until the end. samples: folder of the sample grids, null for none. Throws RunStopped when `signal` was aborted before; then everything is in a checkpoint. */
export async function train(
  federation: Federation,
  samples: string | null,
  progress: Progress,
  stage: string,
  signal: AbortSignal,
): Promise<void> {
  const { experiment, hub, journal, start } = federation;
  const { training } = experiment.spec;
  const losses = new MeanLosses();
  progress.start(stage, training.iterations, start);
  try {
    const done = await trainSynchronously(
      hub,
      training,
      start,
      journal,
      {
        iterated: (entry) => {
          progress.update(entry.iteration + 1, losses.add(entry));
          federation.iterated?.(entry);
        },
        sampled: async (done) => {
          if (samples) await writeSamples(federation, join(samples, `${String(done).padStart(8, '0')}.png`));
        },
      },
      signal,
    );
    if (done < training.iterations) throw new RunStopped(`after iteration ${done} of ${training.iterations}`);
  } finally {
    progress.finish();
  }
}

/** A row for each site: its first label maps, and what the generator makes of them now. */
export function sampleRows(generator: Pick<Federation['hub'], 'samples'>, experiment: Experiment): GridRow[] {
  const samples = [...generator.samples(SAMPLES_PER_SITE)];
  return experiment.spec.sites.map(({ name }) => ({
    label: name,
    cells: samples.filter(({ site }) => site === name).map(({ image, classes }) => ({ image, mask: classes })),
  }));
}

/** Per site and side, from the journal. */
export async function lossesOf(journal: string) {
  return (await readJournal(journal)).map(({ iteration, sites }) => ({
    iteration,
    sites: Object.fromEntries(
      Object.entries(sites).map(([site, { losses }]) => [site, { discriminator: losses.discriminator!, generator: losses.generator! }]),
    ),
  }));
}

async function writeSamples({ hub, experiment }: Federation, file: string): Promise<void> {
  const { size, channels } = experiment.spec.model.image;
  await writeGrid(file, sampleRows(hub, experiment), size, channels);
}

/** Smoothed means over the sites, for the progress display. */
class MeanLosses {
  #discriminator: number | null = null;
  #generator: number | null = null;

  add({ sites }: JournalEntry): string {
    const all = Object.values(sites);
    const mean = (side: 'discriminator' | 'generator') => all.reduce((sum, { losses }) => sum + losses[side]!, 0) / all.length;
    const smooth = (before: number | null, now: number) => (before === null ? now : before + SMOOTHING * (now - before));
    this.#discriminator = smooth(this.#discriminator, mean('discriminator'));
    this.#generator = smooth(this.#generator, mean('generator'));
    return `loss D ${this.#discriminator.toFixed(2)} G ${this.#generator.toFixed(2)}`;
  }
}
