import { readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { recordScores, type Summary } from '#evaluator';
import { type Experiment, experimentDigest, loadExperiment, unsupported } from '#experiment';
import { readJournal } from '#generator';
import type { Native, NnError, State } from '#nn';
import { NothingToScoreError, OtherExperimentError, UnsupportedFeatureError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { nativeFor } from '../native.ts';
import { runBaselines } from '../run/baselines.ts';
import { conclusion } from '../run/conclusion.ts';
import { type Federation, openFederation } from '../run/federation.ts';
import { onInterrupt, RunStopped } from '../run/interrupt.ts';
import { type Output, openOutput } from '../run/output.ts';
import { readPerceptualWeights } from '../run/perceptual-weights.ts';
import { Progress } from '../run/progress.ts';
import { releaseImages, writeRelease } from '../run/release.ts';
import { writeReport } from '../run/report.ts';
import { scoreAtSites, segmenterFor } from '../run/segmentation.ts';
import { closeSiteData, openSiteData, type SiteData } from '../run/site-data.ts';
import { bytesPerIteration, environment, frechetBySite, iterationsPerSecond, Stopwatch } from '../run/summary.ts';
import { train } from '../run/training.ts';

export interface RunOptions {
  readonly out?: string;
  readonly threads?: number;
  readonly seed?: number;
  readonly baselines?: boolean;
  readonly resume?: boolean;
}

/** All that the stages of a run share. */
interface Run {
  readonly experiment: Experiment;
  readonly data: readonly SiteData[];
  readonly output: Output;
  readonly native: Native;
  readonly threads: number;
  readonly shards: number;
  readonly perceptualWeights: State | null;
  readonly onDamaged: (error: NnError) => void;
  readonly progress: Progress;
  readonly watch: Stopwatch;
  readonly signal: AbortSignal;
}

/** `asyndgan run FILE`: trains, makes the release, scores it, writes the report. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const progress = new Progress(process.stderr);
  const watch = new Stopwatch();
  const experiment = await readExperiment(file, options);
  const data = await watch.time('data', () => openSiteData(experiment, file));
  const { signal, release } = onInterrupt((line) => progress.say(line));
  try {
    const { evaluate } = experiment.spec.release;
    if (evaluate.enabled && data.every(({ test }) => test === null)) throw new NothingToScoreError(file);
    const perceptualWeights = await readPerceptualWeights(experiment, file);
    const resume = options.resume ?? false;
    const output = await openOutput(experiment, options.out, resume);
    if (resume) await requireSameExperiment(file, experiment, output);
    else await writeFile(output.experiment, stringify(experiment));
    const onDamaged = (error: NnError) => progress.say(`warning ${error.code}: ${error.message}`);
    const shared = { experiment, data, output, perceptualWeights, onDamaged, progress, watch, signal };
    await stages({ ...shared, ...nativeFor(experiment, options.threads) }, await readFile(file, 'utf8'), options.baselines ?? false).catch(
      (error: unknown) => {
        if (!(error instanceof RunStopped)) throw error;
        progress.say(`stopped ${error.message}; everything is kept. Go on with:\n  ${commandToResume(file, output, options)}`);
        process.exitCode = ExitCode.interrupted;
      },
    );
  } finally {
    release();
    await closeSiteData(data);
  }
}

async function stages(run: Run, experimentYaml: string, baselines: boolean): Promise<void> {
  const { experiment, data, output, progress, watch, signal } = run;
  const federation = await watch.time('start', () =>
    openFederation(experiment, data, { ...run, directory: output.checkpoints, journal: output.journal, events: output.events }),
  );
  try {
    if (federation.start > 0) progress.say(`resuming after iteration ${federation.start}`);
    await watch.time('train', () => train(federation, output.samples, progress, 'training', signal));
    await watch.time('synthesize', () => makeRelease(run, federation));
    const asyndgan = await watch.time('evaluate', () => score(run, federation));
    const others = baselines
      ? await watch.time('baselines', () => runBaselines(experiment, data, run, output.baselines, progress, signal))
      : {};
    const summary = await summarise(run, federation, { asyndgan, ...others });
    await writeFile(output.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await writeReport(output, summary, federation, experimentYaml);
    console.log(conclusion(output, summary, process.uptime()));
  } finally {
    await federation.close();
  }
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
    frechetTexture: await frechetBySite(data, (site) => images.imagesOf(site)),
    parameters,
  };
}

async function readExperiment(file: string, { seed }: RunOptions): Promise<Experiment> {
  const experiment = await loadExperiment(file);
  const later = unsupported(experiment);
  if (later.length > 0) throw new UnsupportedFeatureError(file, later);
  if (seed === undefined) return experiment;
  return { ...experiment, spec: { ...experiment.spec, training: { ...experiment.spec.training, seed } } };
}

/** A run goes on only with the settings that it was started with; how often it keeps checkpoints may change. */
async function requireSameExperiment(file: string, experiment: Experiment, output: Output): Promise<void> {
  const started = await loadExperiment(output.experiment);
  if (experimentDigest(started) !== experimentDigest(experiment)) throw new OtherExperimentError(file, output.directory);
}

function commandToResume(file: string, { directory }: Output, { seed, threads, baselines }: RunOptions): string {
  const options = Object.entries({ seed, threads }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ['asyndgan run', file, '--out', directory, ...options, ...(baselines ? ['--baselines'] : []), '--resume'].join(' ');
}
