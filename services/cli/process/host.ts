import { randomUUID } from 'node:crypto';
import { MessageChannel, Worker } from 'node:worker_threads';
import { loadNative } from '#nn';
import { createLogger, type Logger, startProbes, startTelemetry, type Telemetry } from '#telemetry';
import { type Link, servePort } from '#wire';
import { ExitCode } from '../exit-codes.ts';
import { VERSION } from '../versions.ts';
import { type Failure, failureOf } from './failure.ts';
import { Recorder } from './recorder.ts';
import type { ProcessSettings } from './settings.ts';
import type { Order, Report, ThreadStart } from './thread.ts';

/** What a pod's process does, beside what all of them do. */
export interface Program<Data> {
  readonly role: 'generator' | 'discriminator';
  readonly run: string;
  readonly site?: string;
  readonly settings: ProcessSettings;
  /** Where telemetry goes; the environment may say so, too. */
  readonly otlp: string | undefined;
  /** The broker's end of the channel. */
  readonly openLink: (logger: Logger, reconnected: () => void, signal: AbortSignal) => Promise<Link>;
  /** File of the training thread; it calls `inThread`. */
  readonly thread: URL;
  readonly threadData: Data;
}

/** A thread that has said nothing for so long will not come back: native calls take seconds. */
const STUCK_MS = 15 * 60_000;

/**
 * A process of the federation. This thread talks to NATS, answers probes, exports telemetry and minds signals; training blocks its thread
 * and has one of its own. Gives the exit code.
 */
export async function runProcess<Data>(program: Program<Data>): Promise<number> {
  const { role, run, site, settings } = program;
  const write = (line: string) => process.stderr.write(`${line}\n`);
  const format = settings.logFormat ?? (process.stderr.isTTY ? 'text' : 'json');
  const of = { run, ...(site !== undefined && { site }) };
  const identity = {
    service: `asyndgan-${role}`,
    version: VERSION,
    ...of,
    instance: randomUUID(),
    ...(program.otlp !== undefined && { otlpEndpoint: program.otlp }),
  };
  const telemetry = await startTelemetry({
    ...identity,
    role: 'main',
    prometheus: settings.http !== null,
    warn: (message, fields) => logger.warn(message, fields),
  });
  const fields = { service: `asyndgan-${role}`, ...of };
  const logger = createLogger({ level: settings.logLevel, write, format, ...(format === 'json' && { fields }), sink: telemetry.logs });
  try {
    return await host(program, identity, logger, telemetry);
  } catch (error) {
    return sayFailure(logger, failureOf(error));
  } finally {
    await telemetry.shutdown();
  }
}

/** Training has its own thread, but TensorFlow is loaded on this one first (see loadNative). */
async function host<Data>(
  { settings, openLink, thread, threadData }: Program<Data>,
  identity: ThreadStart<Data>['telemetry'],
  logger: Logger,
  telemetry: Telemetry,
): Promise<number> {
  loadNative();
  const recorder = new Recorder(telemetry.metrics, logger);
  let heard = performance.now();
  const stuck = () => (performance.now() - heard > STUCK_MS ? 'the training thread does not answer' : null);
  const { http } = settings;
  const probes =
    http && (await startProbes({ ...http, live: stuck, ready: () => recorder.problem, metrics: () => telemetry.prometheus() }));
  if (probes) logger.info('probes and metrics', { port: probes.port });
  const stop = onSignals(settings.graceSeconds, logger);
  const { port1, port2 } = new MessageChannel();
  let link: Link | undefined;
  let worker: Worker | undefined;
  try {
    link = await openLink(logger, () => recorder.reconnected(), stop.signal);
    void servePort(link, port1);
    const training = new Worker(thread, {
      workerData: { link: port2, data: threadData, telemetry: identity } satisfies ThreadStart<Data>,
      transferList: [port2],
    });
    worker = training;
    stop.signal.addEventListener('abort', () => training.postMessage({ kind: 'stop', reason: String(stop.signal.reason) } satisfies Order));
    const exitCode = await new Promise<number>((resolve) => {
      // Its last report and its exit may come at once: the first decides.
      const end = (code: number) => {
        training.removeAllListeners();
        resolve(code);
      };
      const fail = (failure: Failure) => end(sayFailure(logger, failure));
      training.on('message', (report: Report) => {
        heard = performance.now();
        if (report.kind === 'failed') fail(report.failure);
        else if (report.kind === 'ended') end(sayEnd(logger, report));
        else recorder.take(report);
      });
      training.on('error', (error) => fail(failureOf(error)));
      training.on('exit', (code) =>
        fail({ code: 'INTERNAL', message: `the training thread ended with ${code}`, exitCode: ExitCode.internal }),
      );
    });
    return exitCode;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return ExitCode.terminated;
  } finally {
    stop.release();
    await link?.close();
    port1.close();
    await worker?.terminate();
    await probes?.close();
  }
}

/** The first signal, or the death of a starter that holds a channel to us, asks for a good end; the second, or the end of the grace time, ends the process at once. */
function onSignals(graceSeconds: number, logger: Logger): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const take = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(ExitCode.terminated);
    logger.info('stopping: the state is being kept', { signal });
    stop.abort(signal);
    timer = setTimeout(() => {
      logger.error('the state could not be kept in time', { graceSeconds });
      process.exit(ExitCode.terminated);
    }, graceSeconds * 1000);
  };
  const orphaned = () => take('SIGTERM');
  process.on('SIGTERM', take);
  process.on('SIGINT', take);
  process.on('disconnect', orphaned);
  if (process.connected === false) orphaned();
  return {
    signal: stop.signal,
    release: () => {
      clearTimeout(timer);
      process.off('SIGTERM', take);
      process.off('SIGINT', take);
      process.off('disconnect', orphaned);
    },
  };
}

function sayEnd(logger: Logger, { words, exitCode }: Extract<Report, { kind: 'ended' }>): number {
  logger.info(words, { exitCode });
  return exitCode;
}

function sayFailure(logger: Logger, { code, message, exitCode, stack }: Failure): number {
  logger.error(message, { code, exitCode, ...(stack !== undefined && { stack }) });
  return exitCode;
}
