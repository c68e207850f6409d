import { recordScores, type Summary } from '#evaluator';
import type { Experiment } from '#experiment';
import { readJournal } from '#generator';
import type { Native } from '#nn';
import type { Federation } from './federation.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';
import { releaseImages, writeRelease } from './release.ts';
import { writeReport } from './report.ts';
import { scoreAtSites, segmenterFor } from './segmentation.ts';
import type { SiteData } from './site-data.ts';
import { bytesPerIteration, environment, frechetBySite, iterationsPerSecond, type Stopwatch } from './summary.ts';
import { sampleRows, train } from './training.ts';

/** All that the stages of a run share. */
export interface Run {
  readonly experiment: Experiment;
  /** Null where the real images are elsewhere: what only they can tell is left out. */
  readonly data: readonly SiteData[] | null;
  readonly output: Output;
  readonly native: Native;
  readonly threads: number;
  readonly progress: Progress;
  readonly watch: Stopwatch;
  readonly signal: AbortSignal;
}

type Comparison = Omit<Summary['segmentation'], 'asyndgan'>;

/** Trains, makes the release, has it scored, writes summary and report. `compare` is asked for the baselines when AsynDGAN's own scores are known. */
export async function runStages(
  run: Run,
  federation: Federation,
  experimentYaml: string,
  compare: () => Promise<Comparison>,
): Promise<Summary> {
  const { output, progress, watch, signal } = run;
  if (federation.start > 0) progress.say(`resuming after iteration ${federation.start}`);
  await watch.time('train', () => train(federation, output.samples, progress, 'training', signal));
  await watch.time('synthesize', () => makeRelease(run, federation));
  const asyndgan = await watch.time('evaluate', () => score(run, federation));
  const summary = await summarise(run, federation, { asyndgan, ...(await compare()) });
  await writeReport(run.experiment, output, summary, sampleRows(federation.hub, run.experiment), experimentYaml);
  return summary;
}

async function makeRelease({ native, output, experiment, progress }: Run, { hub }: Federation): Promise<void> {
  const { samples } = experiment.spec.release;
  await writeRelease(native, output.release, experiment, hub.lastCheckpoint, hub.release(samples), samples, progress);
}

/** Trains the segmenter on the release alone and has the sites score it. */
async function score(
  { native, experiment, output, progress, signal }: Run,
  { hub }: Federation,
): Promise<Summary['segmentation']['asyndgan']> {
  if (!experiment.spec.release.evaluate.enabled) return null;
  const weights = await segmenterFor(native, experiment, 'the release', await releaseImages(output.release), progress, signal);
  const result = await scoreAtSites(hub, experiment, weights, signal);
  await recordScores(output.release, result.mean);
  return result;
}

async function summarise(run: Run, { parameters }: Federation, segmentation: Summary['segmentation']): Promise<Summary> {
  const { experiment, output, native, threads, watch, data } = run;
  const { iterations, seed } = experiment.spec.training;
  const journal = await readJournal(output.journal);
  const images = await releaseImages(output.release);
  const { train: training = 0, synthesize = 0, evaluate = 0, ...rest } = watch.seconds;
  return {
    schema: 'asyndgan.io/summary/v1',
    ...environment(native),
    threads,
    seed,
    iterations,
    iterationsPerSecond: iterationsPerSecond(journal),
    seconds: { train: training, synthesize, evaluate, ...rest },
    bytesPerIteration: bytesPerIteration(journal),
    segmentation,
    frechetTexture: data ? await frechetBySite(data, (site) => images.imagesOf(site)) : {},
    parameters,
  };
}
