import { join } from 'node:path';
import { loadExperiment, unsupported } from '#experiment';
import { natsHubLink } from '#wire';
import { UnsupportedFeatureError } from '../errors.ts';
import { layOutThreads } from '../native.ts';
import { runProcess } from '../process/host.ts';
import type { HubThreadData } from '../process/hub-thread.ts';
import { natsOptions } from '../process/nats.ts';
import { readSettings } from '../process/settings.ts';

export interface GeneratorOptions {
  readonly config: string;
  readonly otlp?: string;
}

/** `asyndgan generator`: the hub of a federation. Goes on with what its folder holds. */
export async function generator({ config, otlp }: GeneratorOptions): Promise<void> {
  const settings = readSettings(process.env);
  const experiment = await loadExperiment(config);
  const later = unsupported(experiment);
  if (later.length > 0) throw new UnsupportedFeatureError(config, later);
  const run = settings.run ?? experiment.metadata.name;
  const state = settings.state ?? join('out', run);
  const { isTTY, columns = 120 } = process.stderr;
  const asText = (settings.logFormat ?? (isTTY ? 'text' : 'json')) === 'text';
  const threadData: HubThreadData = {
    ...{ run, state, experimentFile: config, terminal: asText ? { isTTY, columns } : null },
    ...layOutThreads(experiment, settings.threads, settings.shards),
  };
  process.exitCode = await runProcess({
    ...{ role: 'generator', run, settings, threadData, otlp },
    thread: new URL('../process/hub-thread.ts', import.meta.url),
    openLink: (logger, reconnected, signal) =>
      natsHubLink({ ...natsOptions(settings, run, logger, reconnected), sites: experiment.spec.sites.map(({ name }) => name) }, signal),
  });
}
