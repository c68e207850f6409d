import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { ProcessFailedError } from '../errors.ts';
import { EXIT_CODE_MEANINGS, ExitCode } from '../exit-codes.ts';

/** A process that the supervisor keeps running until it is done. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Takes what it writes; null: it goes to our own standard error. */
  readonly log: string | null;
}

/** Ends so soon after the start, one after the other, before a process is given up. Being killed says nothing about the process. */
const MOST_EARLY_ENDS = 5;
const EARLY_MS = 10_000;
const PAUSE_MS = 500;
const STOP_MS = 30_000;

/** Starts processes, and starts those again that were killed or that ask for it by their exit code, as the operator does in a cluster. */
export class Supervisor {
  readonly #children = new Map<string, ChildProcess>();
  readonly #say: (line: string) => void;
  #stopped: Promise<void> | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Resolves when the process is done or was stopped. Throws ProcessFailedError when it cannot live, or says that it is of no use to start it again. */
  async keep(spec: ProcessSpec): Promise<void> {
    let early = 0;
    while (!this.#stopped) {
      const started = performance.now();
      const ended = await this.#once(spec);
      if (this.#stopped || ended.code === ExitCode.done) return;
      if (performance.now() - started >= EARLY_MS) early = 0;
      else if (ended.signal !== 'SIGKILL') early++;
      if (early >= MOST_EARLY_ENDS || !startsAgain(ended)) throw new ProcessFailedError(spec.name, describe(ended), spec.log);
      this.#say(`${spec.name} ended (${describe(ended)}); starting it again`);
      await setTimeout(PAUSE_MS);
    }
  }

  /** Process ids by name, of those that run now. */
  get pids(): Record<string, number> {
    return Object.fromEntries([...this.#children].map(([name, { pid }]) => [name, pid!]));
  }

  /** Asks all to keep their state and end, the one of this name before the others; those that do not are killed. Idempotent. */
  stop(first: string): Promise<void> {
    this.#stopped ??= this.#stop(first);
    return this.#stopped;
  }

  async #stop(first: string): Promise<void> {
    const child = this.#children.get(first);
    if (child) await end([child]);
    await end([...this.#children.values()]);
  }

  #once({ name, command, arguments: args, env, log }: ProcessSpec): Promise<Ended> {
    const stderr = log === null ? 'inherit' : openSync(log, 'a');
    // A Ctrl-C of the terminal is for us alone: we end them in order. If we are killed, the channel ends, and they end by themselves.
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', stderr, 'ipc'], detached: true });
    if (stderr !== 'inherit') closeSync(stderr);
    this.#children.set(name, child);
    return new Promise((resolve, reject) => {
      child.once('error', (error) => {
        this.#children.delete(name);
        reject(error);
      });
      child.once('exit', (code, signal) => {
        this.#children.delete(name);
        resolve({ code, signal });
      });
    });
  }
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  const ended = Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  for (const child of children) child.kill('SIGTERM');
  const late = setTimeout(STOP_MS, undefined, { ref: false }).then(() => children.map((child) => child.kill('SIGKILL')));
  await Promise.race([ended, late]);
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const MEANINGS = Object.entries(ExitCode).map(([name, code]) => ({ code, ...EXIT_CODE_MEANINGS[name as keyof typeof ExitCode] }));

const startsAgain = ({ code }: Ended): boolean => MEANINGS.find((known) => known.code === code)?.startAgain ?? true;

const describe = ({ code, signal }: Ended): string =>
  signal ?? `exit code ${code}: ${MEANINGS.find((known) => known.code === code)?.meaning ?? 'unknown'}`;
