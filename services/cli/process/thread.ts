import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { JournalEntry } from '#generator';
import { type LogFields, type LogLevel, startTelemetry, type TelemetryOptions, type Tracing } from '#telemetry';
import { type Failure, failureOf } from './failure.ts';

/** What the training thread tells the network thread. */
export type Report =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  /** For a terminal, as it is. */
  | { readonly kind: 'text'; readonly text: string }
  /** Why no work can be done now, or null. */
  | { readonly kind: 'ready'; readonly problem: string | null }
  | { readonly kind: 'iterated'; readonly entry: JournalEntry; readonly liveHandles: number }
  | { readonly kind: 'measured'; readonly metric: 'sitesPresent' | 'sitesDesired' | 'hubEpoch' | 'rollbacks'; readonly value: number }
  /** Regularly, as long as the thread's event loop turns. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'ended'; readonly exitCode: number; readonly words: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What the network thread tells the training thread. */
export type Order = { readonly kind: 'stop'; readonly reason: string };

/** The training thread as its program sees it. */
export interface ThreadContext<Data> {
  readonly data: Data;
  readonly tracing: Tracing;
  /** Leads to the network thread's link. */
  readonly link: MessagePort;
  /** Aborted when the process is to keep its state and end. */
  readonly signal: AbortSignal;
  report(report: Report): void;
}

export interface Ending {
  readonly exitCode: number;
  /** What the process says at its end. */
  readonly words: string;
}

/** What a training thread is started with. */
export interface ThreadStart<Data> {
  readonly link: MessagePort;
  readonly data: Data;
  readonly telemetry: Omit<TelemetryOptions, 'role' | 'warn'>;
}

const ALIVE_EVERY_MS = 5000;

/** The body of a training thread: runs `main` and reports how it ended. */
export async function inThread<Data>(main: (context: ThreadContext<Data>) => Promise<Ending>): Promise<void> {
  if (!parentPort) throw new Error('this file is the body of a worker thread: start it with startProcess');
  const host = parentPort;
  const report = (message: Report) => host.postMessage(message);
  const stop = new AbortController();
  host.on('message', ({ reason }: Order) => stop.abort(new Error(reason)));
  const alive = setInterval(() => report({ kind: 'alive' }), ALIVE_EVERY_MS);
  const { link, data, telemetry: identity } = workerData as ThreadStart<Data>;
  const warn: TelemetryOptions['warn'] = (message, fields) => report({ kind: 'log', level: 'warn', message, fields });
  const telemetry = await startTelemetry({ ...identity, role: 'worker', warn });
  try {
    const { tracing } = telemetry;
    const ending = await main({ data, tracing, link, signal: stop.signal, report });
    await telemetry.shutdown();
    report({ kind: 'ended', ...ending });
  } catch (error) {
    await telemetry.shutdown();
    report({ kind: 'failed', failure: failureOf(error) });
  } finally {
    clearInterval(alive);
    link.close();
    host.close();
  }
}

/** Tells of something that went wrong and that the process lives with; a passing refusal is for who looks closely. */
export const warning =
  (report: (report: Report) => void, message: string) =>
  (error: unknown): void => {
    const failure = failureOf(error);
    const level = (error as { retryable?: boolean } | null)?.retryable ? 'debug' : 'warn';
    report({ kind: 'log', level, message, fields: { code: failure.code, detail: failure.message } });
  };

/** What a thread has to know of the process's standard error. */
export interface Terminal {
  readonly isTTY: boolean;
  readonly columns: number;
}

/** Where a thread's progress goes: to the terminal as it is, or line by line into the log. */
export const progressStream = (terminal: Terminal | null, report: (report: Report) => void) => ({
  ...(terminal ?? { isTTY: false, columns: 0 }),
  write: (text: string) => {
    report(terminal ? { kind: 'text', text } : { kind: 'log', level: 'info', message: 'progress', fields: { stage: text.trimEnd() } });
    return true;
  },
});
