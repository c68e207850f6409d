import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Experiment, experimentDigest, loadExperiment, unsupported } from '#experiment';
import { type NnError, readSafetensors, type State } from '#nn';
import { NothingToScoreError, OtherExperimentError, UnsupportedFeatureError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { nativeFor } from '../native.ts';
import { runBaselines } from '../run/baselines.ts';
import { conclusion } from '../run/conclusion.ts';
import { openFederation } from '../run/federation.ts';
import { onInterrupt, RunStopped } from '../run/interrupt.ts';
import { type Output, openOutput } from '../run/output.ts';
import { Progress } from '../run/progress.ts';
import { closeSiteData, openSiteData, type SiteData } from '../run/site-data.ts';
import { type Run, runStages } from '../run/stages.ts';
import { Stopwatch } from '../run/summary.ts';

export interface RunOptions {
  readonly out?: string;
  readonly threads?: number;
  readonly seed?: number;
  readonly baselines?: boolean;
  readonly resume?: boolean;
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
    const shared = { experiment, data, output, resume, perceptualWeights, onDamaged, progress, watch, signal };
    await inThisProcess(
      { ...shared, ...nativeFor(experiment, options.threads) },
      await readFile(file, 'utf8'),
      options.baselines ?? false,
    ).catch((error: unknown) => {
      if (!(error instanceof RunStopped)) throw error;
      progress.say(`stopped ${error.message}; everything is kept. Go on with:\n  ${commandToResume(file, output, options)}`);
      process.exitCode = ExitCode.interrupted;
    });
  } finally {
    release();
    await closeSiteData(data);
  }
}

/** What a local run has beside what every run has. */
interface LocalRun extends Run {
  readonly data: readonly SiteData[];
  readonly shards: number;
  readonly resume: boolean;
  readonly perceptualWeights: State | null;
  readonly onDamaged: (error: NnError) => void;
}

async function inThisProcess(run: LocalRun, experimentYaml: string, baselines: boolean): Promise<void> {
  const { experiment, data, output, progress, watch, signal } = run;
  const federation = await watch.time('start', () => openFederation(experiment, data, { ...run, directory: output.checkpoints }));
  try {
    const compare = () => watch.time('baselines', () => runBaselines(experiment, data, run, output.baselines, progress, signal));
    const summary = await runStages(run, federation, experimentYaml, async () => (baselines ? compare() : {}));
    console.log(conclusion(output, summary, process.uptime()));
  } finally {
    await federation.close();
  }
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

async function readPerceptualWeights({ spec }: Experiment, file: string): Promise<State | null> {
  const { perceptual, perceptualWeights } = spec.training.losses;
  return perceptual > 0 && perceptualWeights ? readSafetensors(resolve(dirname(file), perceptualWeights)) : null;
}

function commandToResume(file: string, { directory }: Output, { seed, threads, baselines }: RunOptions): string {
  const options = Object.entries({ seed, threads }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ['asyndgan run', file, '--out', directory, ...options, ...(baselines ? ['--baselines'] : []), '--resume'].join(' ');
}
