import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { parseSummary } from '#evaluator';
import { type Experiment, experimentDigest, loadExperiment, unsupported } from '#experiment';
import { openCheckpoint } from '#generator';
import { CheckpointStore, loadNative, readCheckpoint, type State } from '#nn';
import { NothingToScoreError, OtherExperimentError, UnsupportedFeatureError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { layOutThreads, nativeFor } from '../native.ts';
import { runBaselines } from '../run/baselines.ts';
import { conclusion } from '../run/conclusion.ts';
import { type FederationOptions, openFederation } from '../run/federation.ts';
import { runInProcesses } from '../run/in-processes.ts';
import { onInterrupt, RunStopped } from '../run/interrupt.ts';
import { requireNats } from '../run/nats-address.ts';
import { type Output, openOutput } from '../run/output.ts';
import { readPerceptualWeights } from '../run/perceptual-weights.ts';
import { Progress } from '../run/progress.ts';
import { releaseImages } from '../run/release.ts';
import { writeReport } from '../run/report.ts';
import { closeSiteData, openSiteData, type SiteData } from '../run/site-data.ts';
import { type Run, runStages } from '../run/stages.ts';
import { frechetBySite, Stopwatch } from '../run/summary.ts';
import { sampleRows } from '../run/training.ts';

export interface RunOptions {
  readonly out?: string;
  readonly threads?: number;
  readonly seed?: number;
  readonly baselines?: boolean;
  readonly resume?: boolean;
  readonly nats?: string;
  readonly otlp?: string;
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
    if (options.nats !== undefined) await requireNats(options.nats);
    const perceptualWeights = await readPerceptualWeights(experiment, dirname(file));
    const resume = options.resume ?? false;
    const output = await openOutput(experiment, options.out, resume);
    if (resume) await requireSameExperiment(file, experiment, output);
    else await writeFile(output.experiment, stringify(experiment));
    const shared = { experiment, file, data, output, perceptualWeights, progress, watch, signal, options };
    const train = options.nats === undefined ? inThisProcess : inManyProcesses;
    await train(shared).catch((error: unknown) => {
      if (!(error instanceof RunStopped)) throw error;
      progress.say(`stopped ${error.message}; everything is kept. Go on with:\n  ${commandToResume(file, output, options)}`);
      process.exitCode = ExitCode.interrupted;
    });
  } finally {
    release();
    await closeSiteData(data);
  }
}

/** A run on this machine, before it is known how it trains. */
interface LocalRun extends Omit<Run, 'native' | 'threads' | 'data'> {
  readonly file: string;
  readonly data: readonly SiteData[];
  readonly perceptualWeights: State | null;
  readonly options: RunOptions;
}

async function inThisProcess(run: LocalRun): Promise<void> {
  const { experiment, file, data, output, watch, options } = run;
  const parties = { ...partyOptions(run), ...nativeFor(experiment, options.threads) };
  const federation = await watch.time('start', () => openFederation(experiment, data, parties));
  try {
    const compare = async () => (options.baselines ? watch.time('baselines', () => baselines(run, parties)) : {});
    const summary = await runStages({ ...run, ...parties }, federation, await readFile(file, 'utf8'), compare);
    console.log(conclusion(output, summary, process.uptime()));
  } finally {
    await federation.close();
  }
}

/** The hub writes the report of what it knows; what takes real images is added here, where all of them are. */
async function inManyProcesses(run: LocalRun): Promise<void> {
  const { experiment, file, data, output, watch, progress, signal, options } = run;
  const layout = layOutThreads(experiment, options.threads);
  const say = (line: string) => progress.say(line);
  await runInProcesses(experiment, file, output, { nats: options.nats!, otlp: options.otlp, layout, say, signal });
  const hubs = parseSummary(JSON.parse(await readFile(output.summary, 'utf8')), output.summary);
  const parties = { ...partyOptions(run), ...layout, native: loadNative() };
  const others = options.baselines ? await watch.time('baselines', () => baselines(run, parties)) : {};
  const images = await releaseImages(output.release);
  const summary = {
    ...hubs,
    seconds: { ...hubs.seconds, ...watch.seconds },
    segmentation: { ...hubs.segmentation, ...others },
    frechetTexture: await frechetBySite(data, (site) => images.imagesOf(site)),
  };
  const directory = join(output.checkpoints, 'hub');
  const checkpoint = await readCheckpoint(new CheckpointStore(directory).fileOf(summary.iterations));
  const generator = await openCheckpoint(parties, experiment, checkpoint, directory);
  await writeReport(experiment, output, summary, sampleRows(generator, experiment), await readFile(file, 'utf8'));
  generator.close();
  console.log(conclusion(output, summary, process.uptime()));
}

function baselines({ experiment, data, output, progress, signal }: LocalRun, parties: FederationOptions) {
  return runBaselines(experiment, data, parties, output.baselines, progress, signal);
}

function partyOptions({ output, perceptualWeights, progress }: LocalRun): Omit<FederationOptions, 'native' | 'shards'> {
  return {
    directory: output.checkpoints,
    journal: output.journal,
    events: output.events,
    perceptualWeights,
    onDamaged: (error) => progress.say(`warning ${error.code}: ${error.message}`),
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

function commandToResume(file: string, { directory }: Output, { seed, threads, nats, baselines }: RunOptions): string {
  const options = Object.entries({ seed, threads, nats }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ['asyndgan run', file, '--out', directory, ...options, ...(baselines ? ['--baselines'] : []), '--resume'].join(' ');
}
