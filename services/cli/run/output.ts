import { mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Experiment } from '#experiment';
import { DiskTooSmallError, NothingToResumeError, OutputTakenError, OutputUnusableError } from '../errors.ts';

/** The files and folders of a run. */
export interface Output {
  readonly directory: string;
  readonly experiment: string;
  readonly report: string;
  readonly summary: string;
  readonly journal: string;
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
    samples: at('samples'),
    checkpoints: at('checkpoints'),
    release: at('release'),
    baselines: at('baselines'),
  };
}

const MARGIN_BYTES = 50e6;
/** Weights, their average and two moments; three cuts are kept, a fourth is written before the oldest goes. */
const CHECKPOINT_BYTES_PER_WEIGHT = 4 * 4 * 4;

/** Throws DiskTooSmallError where the run would not fit. parameters: weights of the generator, and of all discriminators together. */
export async function checkDisk({ directory }: Output, { spec }: Experiment, parameters: number): Promise<void> {
  const { size, channels } = spec.model.image;
  const perImage = 2 * size * size * (channels + 2);
  const needed = parameters * CHECKPOINT_BYTES_PER_WEIGHT + spec.release.samples * perImage + MARGIN_BYTES;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < needed) throw new DiskTooSmallError(directory, needed, bavail * bsize);
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
