import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { conditionChannels } from '#datasets';
import { discriminatorWeights } from '#discriminator';
import { loadExperiment } from '#experiment';
import { loadNative } from '#nn';
import { hubChannel, portLink } from '#wire';
import { ExitCode } from '../exit-codes.ts';
import type { ThreadLayout } from '../native.ts';
import { conclusion } from '../run/conclusion.ts';
import type { Federation } from '../run/federation.ts';
import { RunStopped } from '../run/interrupt.ts';
import { makeOutput } from '../run/output.ts';
import { openHub } from '../run/parties.ts';
import { Progress } from '../run/progress.ts';
import { runStages } from '../run/stages.ts';
import { Stopwatch } from '../run/summary.ts';
import { memberships } from './memberships.ts';
import { inThread, progressStream, type Terminal, warning } from './thread.ts';

export interface HubThreadData extends ThreadLayout {
  readonly run: string;
  readonly experimentFile: string;
  /** Folder of the results. */
  readonly state: string;
  /** Null: progress is logged. */
  readonly terminal: Terminal | null;
}

const LAST_WORD_MS = 10_000;

/** The training thread of the hub: from the first hello to the report. */
await inThread<HubThreadData>(async ({ data, tracing, link, signal, report }) => {
  const { run: name, experimentFile, state, terminal, threads, shards } = data;
  const experiment = await loadExperiment(experimentFile);
  const { model } = experiment.spec;
  const output = await makeOutput(experiment, state);
  const progress = new Progress(progressStream(terminal, report));
  const refused = warning(report, 'a request of a site was refused');
  const channel = hubChannel(portLink(link), { run: name, tracing, shareErrorMessages: true, refused: (_site, error) => refused(error) });
  const watch = new Stopwatch();
  const native = loadNative();
  const party = await openHub(experiment, channel, {
    ...{ native, shards, tracing, directory: output.checkpoints, journal: output.journal, events: output.events },
    onDamaged: warning(report, 'a damaged checkpoint is passed over'),
    observe: memberships(experiment, report),
  });
  const { hub, trainer } = party;
  const close = async () => {
    await channel.close();
    await party.close();
  };
  try {
    const start = await watch.time('start', () => hub.start(signal));
    if (resolve(experimentFile) !== resolve(output.experiment)) await writeFile(output.experiment, stringify(experiment));
    report({ kind: 'ready', problem: null });
    const federation: Federation = {
      ...{ experiment, hub, channel, journal: party.journal, start, close },
      parameters: { generator: trainer.parameterCount, discriminator: discriminatorWeights(model, conditionChannels(model.labels)) },
      liveHandles: () => trainer.liveHandles,
      iterated: (entry) => report({ kind: 'iterated', entry, liveHandles: trainer.liveHandles }),
    };
    const run = { experiment, data: null, output, native, threads, progress, watch, signal };
    const summary = await runStages(run, federation, await readFile(experimentFile, 'utf8'), async () => ({}));
    await hub.stop('the run is done', AbortSignal.timeout(LAST_WORD_MS));
    return { exitCode: ExitCode.done, words: conclusion(output, summary, process.uptime()) };
  } catch (error) {
    if (!(error instanceof RunStopped) && !signal.aborted) throw error;
    return { exitCode: ExitCode.terminated, words: 'stopped; the state is kept' };
  } finally {
    await close();
  }
});
