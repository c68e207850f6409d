import { loadExperiment } from '#experiment';
import { loadNative } from '#nn';
import { portLink, siteChannel } from '#wire';
import { ExitCode } from '../exit-codes.ts';
import type { ThreadLayout } from '../native.ts';
import { openSite } from '../run/parties.ts';
import { readPerceptualWeights } from '../run/perceptual-weights.ts';
import { closeSiteData, openDataOf } from '../run/site-data.ts';
import { inThread, warning } from './thread.ts';

export interface SiteThreadData extends ThreadLayout {
  readonly run: string;
  readonly site: string;
  readonly experimentFile: string;
  /** What the path of the data set is relative to. */
  readonly dataFolder: string;
  /** Folder of the checkpoints; the site's own lie in one of its name. */
  readonly checkpoints: string;
}

/** The training thread of a site. */
await inThread<SiteThreadData>(async ({ data, tracing, link, signal, report }) => {
  const { run, site: name, shards, checkpoints: directory } = data;
  const experiment = await loadExperiment(data.experimentFile);
  const own = await openDataOf(name, experiment, data.dataFolder);
  const perceptualWeights = await readPerceptualWeights(experiment, data.dataFolder);
  const onDamaged = warning(report, 'a damaged snapshot is passed over');
  const { site, close } = openSite(experiment, own, { native: loadNative(), shards, tracing, directory, onDamaged, perceptualWeights });
  const refused = warning(report, 'a request of the hub was refused');
  const channel = siteChannel(portLink(link), name, { run, tracing, refused: (_hub, error) => refused(error) });
  try {
    report({ kind: 'ready', problem: null });
    const departure = await site.run(channel, signal);
    return departure.kind === 'left'
      ? { exitCode: ExitCode.terminated, words: 'left the run; the state is kept' }
      : { exitCode: ExitCode.done, words: 'the hub has ended the run' };
  } finally {
    await channel.close();
    close();
    await closeSiteData([own]);
  }
});
