import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { SegmentationScore, Summary } from '#evaluator';
import { recordScores } from '#evaluator';
import { type Experiment, loadExperiment, unsupported } from '#experiment';
import { readJournal } from '#generator';
import { type Native, type NnError, readSafetensors, type State } from '#nn';
import { NothingToScoreError, UnsupportedFeatureError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { nativeFor } from '../native.ts';
import { runBaselines } from '../run/baselines.ts';
import { type Federation, openFederation } from '../run/federation.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { checkDisk, type Output, openOutput } from '../run/output.ts';
import { duration, Progress } from '../run/progress.ts';
import { releaseImages, writeRelease } from '../run/release.ts';
import { writeReport } from '../run/report.ts';
import { segmenterFor, segmenterSpec, withMean } from '../run/segmentation.ts';
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
  readonly file: string;
  readonly options: RunOptions;
  readonly experiment: Experiment;
  readonly data: readonly SiteData[];
  readonly output: Output;
  readonly native: Native;
  readonly threads: number;
  readonly progress: Progress;
  readonly watch: Stopwatch;
  readonly signal: AbortSignal;
}

/** `asyndgan run FILE`: trains, makes the release, scores it, writes the report. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const progress = new Progress(process.stderr);
  const interrupt = onInterrupt((line) => progress.say(line));
  const watch = new Stopwatch();
  const experiment = await readExperiment(file, options);
  const data = await watch.time('data', () => openSiteData(experiment, file));
  try {
    if (experiment.spec.release.evaluate.enabled && data.every(({ test }) => test === null)) throw new NothingToScoreError(file);
    const output = await openOutput(experiment, options.out, options.resume ?? false);
    await writeFile(output.experiment, stringify(experiment));
    const { native, threads } = nativeFor(experiment, options.threads);
    await stages({ file, options, experiment, data, output, native, threads, progress, watch, signal: interrupt.signal });
  } finally {
    interrupt.release();
    await closeSiteData(data);
  }
}

async function readExperiment(file: string, { seed }: RunOptions): Promise<Experiment> {
  const experiment = await loadExperiment(file);
  const later = unsupported(experiment);
  if (later.length > 0) throw new UnsupportedFeatureError(file, later);
  if (seed === undefined) return experiment;
  return { ...experiment, spec: { ...experiment.spec, training: { ...experiment.spec.training, seed } } };
}

async function stages(run: Run): Promise<void> {
  const { file, experiment, data, output, native, options, progress, watch, signal } = run;
  const { iterations } = experiment.spec.training;
  const setup = {
    native,
    resume: options.resume ?? false,
    perceptualWeights: await perceptualWeights(experiment, file),
    onDamaged: (error: NnError) => progress.say(`warning ${error.code}: ${error.message}`),
  };
  const federation = await watch.time('start', () => openFederation(experiment, data, { ...setup, directory: output.checkpoints }));
  try {
    await checkDisk(output, experiment, federation.parameters.generator + data.length * federation.parameters.discriminator);
    if (federation.start > 0) progress.say(`resuming after iteration ${federation.start}`);
    const done = await watch.time('train', () => train(federation, output, progress, 'training', signal));
    if (done < iterations) return interrupted(run, `after iteration ${done} of ${iterations}`);
    await watch.time('synthesize', () => release(run, federation));
    const asyndgan = await watch.time('evaluate', () => score(run, federation));
    const baselines = options.baselines
      ? await watch.time('baselines', () =>
          runBaselines(experiment, data, { ...setup, resume: setup.resume }, output.baselines, progress, signal),
        )
      : {};
    if (baselines === null || signal.aborted) return interrupted(run, 'with the training done');
    const summary = await summarise(run, federation, { asyndgan, ...baselines });
    await writeFile(output.summary, `${JSON.stringify(summary, null, 2)}\n`);
    await writeReport(output, summary, federation, await readFile(file, 'utf8'));
    announce(output, summary, watch);
  } finally {
    await federation.close();
  }
}

const lastCheckpoint = ({ output, experiment }: Run): string =>
  join(output.checkpoints, 'hub', `${String(experiment.spec.training.iterations).padStart(8, '0')}.ckpt`);

async function release(run: Run, { hub }: Federation): Promise<void> {
  const { output, experiment, progress } = run;
  const { samples } = experiment.spec.release;
  const checkpoint = { file: lastCheckpoint(run), iteration: experiment.spec.training.iterations };
  await writeRelease(output.release, experiment, checkpoint, hub.release(samples), samples, progress);
}

/** Trains the segmenter on the release alone and has the sites score it. */
async function score(run: Run, { hub }: Federation): Promise<Summary['segmentation']['asyndgan']> {
  const { native, experiment, output, progress, signal } = run;
  if (!experiment.spec.release.evaluate.enabled) return null;
  const weights = await segmenterFor(native, experiment, 'the release', await releaseImages(output.release), progress, signal);
  const scores = await hub.score(segmenterSpec(experiment), weights, signal);
  const sites = Object.entries(scores).map(
    ([site, { images: _images, ...score }]) => [site, score as unknown as SegmentationScore] as const,
  );
  const result = withMean(Object.fromEntries(sites));
  await recordScores(output.release, result.mean);
  return result;
}

async function summarise(run: Run, federation: Federation, segmentation: Summary['segmentation']): Promise<Summary> {
  const { experiment, output, native, threads, watch, data } = run;
  const journal = await readJournal(output.journal);
  const images = await releaseImages(output.release);
  const { train: trained = 0, synthesize = 0, evaluate = 0, ...rest } = watch.seconds;
  return {
    schema: 'asyndgan.io/summary/v1',
    backend: `TensorFlow ${native.TF_Version} ${native.isUsingGpuDevice() ? 'GPU' : 'CPU'}`,
    ...environment(),
    threads,
    seed: experiment.spec.training.seed,
    iterations: experiment.spec.training.iterations,
    iterationsPerSecond: iterationsPerSecond(journal),
    seconds: { train: trained, synthesize, evaluate, ...rest, total: process.uptime() },
    bytesPerIteration: bytesPerIteration(journal),
    segmentation,
    frechetTexture: await frechetBySite(data, (site) => images.imagesOf(site)),
    parameters: { ...federation.parameters, segmenter: null },
  };
}

async function perceptualWeights({ spec }: Experiment, file: string): Promise<State | null> {
  const { perceptual, perceptualWeights: weights } = spec.training.losses;
  return perceptual > 0 && weights ? readSafetensors(resolve(dirname(file), weights)) : null;
}

function interrupted({ file, output, options, progress }: Run, when: string): void {
  const again = [
    'asyndgan run',
    file,
    '--out',
    output.directory,
    ...(options.seed === undefined ? [] : ['--seed', options.seed]),
    ...(options.baselines ? ['--baselines'] : []),
    '--resume',
  ];
  progress.say(`stopped ${when}; everything is kept. Go on with:\n  ${again.join(' ')}`);
  process.exitCode = ExitCode.interrupted;
}

function announce(output: Output, { segmentation, iterationsPerSecond: rate, bytesPerIteration: bytes }: Summary, watch: Stopwatch): void {
  const { asyndgan, realAll, realSubset } = segmentation;
  const line = (name: string, { mean }: { mean: SegmentationScore }) =>
    console.log(`  ${name.padEnd(26)} Dice ${mean.dice.toFixed(3)}   AJI ${mean.aji.toFixed(3)}   HD95 ${mean.hd95.toFixed(1)} px`);
  console.log("\nA segmenter that saw no real image, on the sites' real test images:");
  if (asyndgan) line('AsynDGAN (synthetic only)', asyndgan);
  if (segmentation.synAll) line('Syn-All', segmentation.synAll);
  if (realAll) line('Real-All', realAll);
  const best = Object.entries(realSubset ?? {}).sort(([, a], [, b]) => b.mean.dice - a.mean.dice)[0];
  if (best) line(`best site (${best[0]})`, best[1]);
  const traffic = Object.values(bytes).map(({ down, up }) => down + up);
  const mean = traffic.reduce((a, b) => a + b, 0) / traffic.length;
  console.log(
    `\n${rate.toFixed(2)} iterations/s; ${(mean / 1000).toFixed(1)} kB for each site and iteration; ${duration(process.uptime())} in all (training ${duration(watch.seconds.train ?? 0)})`,
  );
  console.log(`report   ${output.report}\nrelease  ${output.release}`);
}
