import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Experiment, experimentDigest, loadExperiment } from '#experiment';
import { type JournalEntry, readJournal, replay } from '#generator';
import { CheckpointStore, type NnError, type State } from '#nn';
import { NothingToReplayError, OtherExperimentError, ReplayDiffersError } from '../errors.ts';
import { nativeFor } from '../native.ts';
import { openFederation } from '../run/federation.ts';
import { layout, type Output } from '../run/output.ts';
import { readPerceptualWeights } from '../run/perceptual-weights.ts';
import { Progress } from '../run/progress.ts';
import { closeSiteData, openSiteData } from '../run/site-data.ts';

export interface ReplayOptions {
  readonly experiment: string;
  readonly threads?: number;
}

/** `asyndgan replay DIR`: repeats a run from its journal and holds the generator against the run's last checkpoint, bit for bit. */
export async function replayRun(directory: string, { experiment: file, threads }: ReplayOptions): Promise<void> {
  const progress = new Progress(process.stderr);
  const output = layout(directory);
  const experiment = await experimentOf(output, file);
  const onDamaged = (error: NnError) => progress.say(`warning ${error.code}: ${error.message}`);
  const store = new CheckpointStore(join(output.checkpoints, 'hub'));
  const journal = await readJournal(output.journal);
  const cuts = await store.usable(experimentDigest(experiment), onDamaged);
  const last = Math.max(0, ...cuts.filter((cut) => cut <= journal.length));
  if (last === 0) throw new NothingToReplayError(directory);
  const expected = await store.load(last, experimentDigest(experiment));
  const repeated = await repeat(experiment, file, threads, journal.slice(0, last), progress, onDamaged);
  const different = firstDifference(repeated, expected.state);
  if (different !== null) throw new ReplayDiffersError(store.fileOf(last), different);
  console.log(`${last} iterations repeated: the generator is that of ${store.fileOf(last)}, bit for bit`);
}

/** As the run was started, also with another seed than the file's. */
async function experimentOf(output: Output, file: string): Promise<Experiment> {
  const started = await loadExperiment(output.experiment);
  const given = await loadExperiment(file);
  const { seed } = started.spec.training;
  const same = { ...given, spec: { ...given.spec, training: { ...given.spec.training, seed } } };
  if (experimentDigest(started) !== experimentDigest(same)) throw new OtherExperimentError(file, output.directory);
  return started;
}

/** The generator's state after the iterations of the journal. */
async function repeat(
  experiment: Experiment,
  file: string,
  threads: number | undefined,
  journal: readonly JournalEntry[],
  progress: Progress,
  onDamaged: (error: NnError) => void,
): Promise<State> {
  const data = await openSiteData(experiment, file);
  const directory = await mkdtemp(join(tmpdir(), 'asyndgan-replay-'));
  const { checkpoints, ...files } = layout(directory);
  const perceptualWeights = await readPerceptualWeights(experiment, dirname(file));
  try {
    const engine = nativeFor(experiment, threads);
    const federation = await openFederation(experiment, data, {
      ...engine,
      ...files,
      directory: checkpoints,
      perceptualWeights,
      onDamaged,
    });
    try {
      progress.start('replay', journal.length);
      const done = ({ iteration }: JournalEntry) => progress.update(iteration + 1);
      await replay(federation.hub, federation.channel, journal, done, new AbortController().signal);
      progress.finish();
      return federation.hub.state();
    } finally {
      await federation.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
    await closeSiteData(data);
  }
}

/** Name of the first tensor whose bits differ, null if there is none. */
function firstDifference(actual: State, expected: State): string | null {
  const bits = ({ data }: { data: Float32Array }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const same = (name: string) => {
    const [one, other] = [actual.get(name), expected.get(name)];
    return one && other && bits(one).equals(bits(other));
  };
  return [...new Set([...actual.keys(), ...expected.keys()])].find((name) => !same(name)) ?? null;
}
