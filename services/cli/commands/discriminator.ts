import { dirname, join } from 'node:path';
import { loadExperiment } from '#experiment';
import { natsSiteLink } from '#wire';
import { UnknownSiteNameError } from '../errors.ts';
import { layOutThreads } from '../native.ts';
import { runProcess } from '../process/host.ts';
import { natsOptions } from '../process/nats.ts';
import { readSettings } from '../process/settings.ts';
import type { SiteThreadData } from '../process/site-thread.ts';
import { layout } from '../run/output.ts';

export interface DiscriminatorOptions {
  readonly config: string;
  readonly site: string;
  readonly otlp?: string;
}

/** `asyndgan discriminator`: one site of a federation, beside its data. */
export async function discriminator({ config, site, otlp }: DiscriminatorOptions): Promise<void> {
  const settings = readSettings(process.env);
  const experiment = await loadExperiment(config);
  const names = experiment.spec.sites.map(({ name }) => name);
  if (!names.includes(site)) throw new UnknownSiteNameError(site, config, names);
  const run = settings.run ?? experiment.metadata.name;
  const threadData: SiteThreadData = {
    run,
    site,
    experimentFile: config,
    dataFolder: settings.data ?? dirname(config),
    checkpoints: layout(settings.state ?? join('out', run)).checkpoints,
    ...layOutThreads(experiment, settings.threads, settings.shards),
  };
  process.exitCode = await runProcess({
    ...{ role: 'discriminator', run, site, settings, threadData, otlp },
    thread: new URL('../process/site-thread.ts', import.meta.url),
    openLink: (logger, reconnected, signal) => natsSiteLink({ ...natsOptions(settings, run, logger, reconnected), site }, signal),
  });
}
