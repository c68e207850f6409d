import { HubLostError } from '#discriminator';
import { loadExperiment } from '#experiment';
import { CheckpointStore, loadNative } from '#nn';
import { portLink, siteChannel } from '#wire';
import { ExitCode } from '../exit-codes.ts';
import type { ThreadLayout } from '../native.ts';
import { openDataOf } from '../run/site-data.ts';
import { openSite } from '../run/parties.ts';
import { inThread } from './thread.ts';

export interface SiteThreadData extends ThreadLayout {
  readonly run: string;
  readonly site: string;
  readonly experimentFile: string;
  /** What the path of the data set is relative to. */
  readonly dataFolder: string;
  /** Folder of the snapshots. */
  readonly snapshots: string;
}

/** The training thread of a site. */
await inThread<SiteThreadData>(async ({ data, link, signal, report }) => {
  const { run, site: name, shards } = data;
  const experiment = await loadExperiment(data.experimentFile);
  const own = await openDataOf(name, experiment, data.dataFolder);
  const native = loadNative();
  const warn = (error: Error & { code: string }) =>
    report({ kind: 'log', level: 'warn', message: 'a damaged snapshot is passed over', fields: { error } });
  const { site, trainer } = openSite(experiment, own, {
    native,
    shards,
    store: new CheckpointStore(data.snapshots),
    perceptualWeights: null,
    onDamaged: warn,
  });
  const channel = siteChannel(portLink(link), name, { run, refused: (_hub, error) => report({ kind: 'log', level: 'warn', message: 'a request of the hub was refused', fields: { error } }) });
  try {
    report({ kind: 'ready', problem: null });
    const departure = await site.run(channel, signal);
    return departure === 'left'
      ? { exitCode: ExitCode.terminated, words: 'left the run; the state is kept' }
      : { exitCode: ExitCode.done, words: 'the hub has ended the run' };
  } finally {
    await channel.close();
    trainer.close();
    await own.train.close();
    await own.test?.close();
  }
});
