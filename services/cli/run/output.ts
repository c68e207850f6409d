import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Experiment, ExperimentSpec } from '#experiment';
import { DiskTooSmallError, NothingToResumeError, OutputTakenError, OutputUnusableError } from '../errors.ts';

/** The files and folders of a run. */
export interface Output {
  readonly directory: string;
  readonly experiment: string;
  readonly report: string;
  readonly summary: string;
  readonly journal: string;
  readonly events: string;
  readonly samples: string;
  readonly checkpoints: string;
  readonly release: string;
  readonly baselines: string;
}

/**
 * The folder that a run writes into. Nothing that is there is overwritten: a folder in use is refused unless the run is resumed, and without --out
 * the next free name is taken.
 */
export async function openOutput(experiment: Experiment, wanted: string | undefined, resume: boolean): Promise<Output> {
  const directory = wanted ?? (await defaultDirectory(join('out', experiment.metadata.name), resume));
  const present = await entries(directory);
  if (resume && !present.includes('experiment.yaml')) throw new NothingToResumeError(directory);
  if (!resume && present.length > 0) throw new OutputTakenError(directory);
  return makeOutput(experiment, directory);
}

/** The folder with what a run takes for given, whatever of it is there already. */
export async function makeOutput(experiment: Experiment, directory: string): Promise<Output> {
  await checkDisk(directory, experiment);
  const output = layout(directory);
  await mkdir(output.samples, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new OutputUnusableError(directory, cause.code ?? cause.message, { cause });
  });
  return output;
}

export function layout(directory: string): Output {
  const at = (name: string) => join(directory, name);
  return {
    directory,
    experiment: at('experiment.yaml'),
    report: at('report.html'),
    summary: at('summary.json'),
    journal: at('journal.jsonl'),
    events: at('events.jsonl'),
    samples: at('samples'),
    checkpoints: at('checkpoints'),
    release: at('release'),
    baselines: at('baselines'),
  };
}

const MARGIN_BYTES = 50e6;
/** Weights, their average and two moments; three cuts are kept, a fourth is written before the oldest goes. */
const CHECKPOINT_BYTES_PER_WEIGHT = 4 * 4 * 4;

/** Throws DiskTooSmallError where the run would not fit. */
async function checkDisk(directory: string, { spec }: Experiment): Promise<void> {
  const { size, channels } = spec.model.image;
  const perImage = 2 * size * size * (channels + 2);
  const needed = estimatedWeights(spec) * CHECKPOINT_BYTES_PER_WEIGHT + spec.release.samples * perImage + MARGIN_BYTES;
  const { bavail, bsize } = await statfs(await existingFolder(resolve(directory)));
  if (bavail * bsize < needed) throw new DiskTooSmallError(directory, needed, bavail * bsize);
}

/** The convolutions between hidden layers, which are nearly all of the generator's and the discriminators' weights. */
function estimatedWeights({ model, sites }: ExperimentSpec): number {
  const { generator, discriminator } = model;
  const ofGenerator = generator.filters ** 2 * (288 * generator.blocks + 180);
  const ofDiscriminator = discriminator.filters ** 2 * 16 * 2 * 4 ** (discriminator.layers - 1);
  return ofGenerator + sites.length * 1.5 * ofDiscriminator;
}

async function existingFolder(path: string): Promise<string> {
  return (await stat(path).catch(() => null))?.isDirectory() ? path : existingFolder(dirname(path));
}

async function defaultDirectory(base: string, resume: boolean): Promise<string> {
  let directory = base;
  let latest = base;
  for (let n = 2; (await entries(directory)).length > 0; n++) {
    latest = directory;
    directory = `${base}-${n}`;
  }
  return resume ? latest : directory;
}

async function entries(directory: string): Promise<string[]> {
  return readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new OutputUnusableError(directory, cause.code === 'ENOTDIR' ? 'it is a file' : (cause.code ?? cause.message), { cause });
  });
}
