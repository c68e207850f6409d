import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Experiment } from '#experiment';
import { startNatsServer } from '#wire';
import type { ThreadLayout } from '../native.ts';
import { RunStopped } from './interrupt.ts';
import type { Output } from './output.ts';
import { type ProcessSpec, Supervisor } from './supervisor.ts';

export interface ProcessesOptions {
  /** `embedded` starts a server of its own. */
  readonly nats: string;
  readonly otlp: string | undefined;
  readonly layout: ThreadLayout;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const HUB = 'generator';
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/**
 * Trains with a process for the hub and one for each site, as pods would, and waits for the end of the run. Logs of the sites: OUT/logs.
 * Throws NatsServerError, ProcessFailedError, and RunStopped when `signal` aborts; then everything is kept.
 */
export async function runInProcesses(experiment: Experiment, file: string, output: Output, options: ProcessesOptions): Promise<void> {
  const { nats, say, signal } = options;
  const logs = join(output.directory, 'logs');
  await mkdir(logs, { recursive: true });
  const server = nats === 'embedded' ? await startNatsServer() : null;
  const supervisor = new Supervisor(say);
  // The hub takes a last cut, which needs the sites.
  const end = () => supervisor.stop(HUB);
  const stop = () => void end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const sites = experiment.spec.sites.map(({ name }) => name);
    const [hub, ...others] = specsOf(sites, file, output, logs, server?.url ?? nats, options);
    const running = Promise.all(others.map((spec) => supervisor.keep(spec)));
    await Promise.race([supervisor.keep(hub!), running.then(() => new Promise(() => {}))]);
    signal.throwIfAborted();
    // The hub has told them that the run is done; one that was just being started again would wait for it in vain.
    await end();
    await running;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new RunStopped('with its processes ended');
  } finally {
    signal.removeEventListener('abort', stop);
    await end();
    await server?.stop();
  }
}

/** The hub first. The sites share the cores that the hub leaves idle while it waits for them. */
function specsOf(
  sites: readonly string[],
  file: string,
  output: Output,
  logs: string,
  url: string,
  { layout, otlp }: ProcessesOptions,
): ProcessSpec[] {
  const spec = (name: string, threads: number, log: string | null, args: readonly string[]): ProcessSpec => ({
    name,
    command: process.execPath,
    arguments: [MAIN, ...args, '--config', output.experiment, ...(otlp === undefined ? [] : ['--otlp', otlp])],
    log,
    env: {
      ASYNDGAN_NATS_URL: url,
      ASYNDGAN_STATE: output.directory,
      ASYNDGAN_DATA: resolve(dirname(file)),
      ASYNDGAN_THREADS: String(threads),
      ASYNDGAN_SHARDS: String(layout.shards),
      ASYNDGAN_HTTP_PORT: '-1',
      ...(log === null && { ASYNDGAN_LOG_FORMAT: 'text', ASYNDGAN_LOG_LEVEL: 'warn' }),
    },
  });
  const perSite = Math.max(1, Math.floor(layout.threads / sites.length));
  return [
    spec(HUB, layout.threads, null, ['generator']),
    ...sites.map((site) => spec(site, perSite, join(logs, `${site}.log`), ['discriminator', '--site', site])),
  ];
}
