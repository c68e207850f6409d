import { readFile } from 'node:fs/promises';
import { DiscriminatorTrainer } from '#discriminator';
import { loadExperiment } from '#experiment';
import type { MembershipEvent } from '#generator';
import { loadNative } from '#nn';
import { hubChannel, portLink } from '#wire';
import { ExitCode } from '../exit-codes.ts';
import type { ThreadLayout } from '../native.ts';
import { conclusion } from '../run/conclusion.ts';
import { RunStopped } from '../run/interrupt.ts';
import { layout } from '../run/output.ts';
import { openHub } from '../run/parties.ts';
import { Progress } from '../run/progress.ts';
import { runStages } from '../run/stages.ts';
import { Stopwatch } from '../run/summary.ts';
import { inThread, type Report } from './thread.ts';

export interface HubThreadData extends ThreadLayout {
  readonly run: string;
  readonly experimentFile: string;
  /** Folder of the results. */
  readonly state: string;
  /** Null: progress is logged. */
  readonly terminal: { readonly isTTY: boolean; readonly columns: number } | null;
}

const LAST_WORD_MS = 10_000;

/** The training thread of the hub: from the first hello to the report. */
await inThread<HubThreadData>(async ({ data, link, signal, report }) => {
  const experiment = await loadExperiment(data.experimentFile);
  const output = layout(data.state);
  const { threads, shards } = data;
  const progress = new Progress(progressStream(data.terminal, report));
  const log = (message: string) => (error: unknown) => report({ kind: 'log', level: 'warn', message, fields: { error: error as Error } });
  const channel = hubChannel(portLink(link), { run: data.run, shareErrorMessages: true, refused: (_site, error) => log('a request of a site was refused')(error) });
  const watch = new Stopwatch();
  const native = loadNative();
  report({ kind: 'ready', problem: 'waiting for the sites' });
  const { hub, trainer, journal, close } = await openHub(experiment, channel, {
    ...{ native, shards, directory: output.checkpoints, journal: output.journal, events: output.events },
    onDamaged: log('a damaged checkpoint is passed over'),
    observe: (event) => reportEvent(event, report),
  });
  try {
    const start = await watch.time('start', () => hub.start(signal));
    report({ kind: 'ready', problem: null });
    const federation = {
      ...{ experiment, hub, channel, journal, start, close },
      parameters: { generator: trainer.parameterCount, discriminator: DiscriminatorTrainer.parametersOf(experiment.spec) },
      liveHandles: () => trainer.liveHandles,
      iterated: (entry) => report({ kind: 'iterated', entry, liveHandles: trainer.liveHandles }),
    };
    const run = { experiment, data: null, output, native, threads, progress, watch, signal };
    const summary = await runStages(run, federation, await readFile(data.experimentFile, 'utf8'), async () => ({}));
    await hub.stop('the run is done', AbortSignal.timeout(LAST_WORD_MS));
    return { exitCode: ExitCode.done, words: conclusion(output, summary, process.uptime()) };
  } catch (error) {
    if (!(error instanceof RunStopped) && !signal.aborted) throw error;
    return { exitCode: ExitCode.terminated, words: 'stopped; the state is kept' };
  } finally {
    await close();
  }
});
