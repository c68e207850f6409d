import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { type JournalEntry, readJournal } from '#generator';

export const DEMO = fileURLToPath(new URL('../../k8s/samples/nuclei.yaml', import.meta.url));
const MAIN = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const LOG_CHARACTERS = 4096;

type Fields = Readonly<Record<string, unknown>>;

/** The real command, running. */
export interface Command {
  readonly pid: number;
  /** Resolves when it has ended well; rejects with the end of its log when not. */
  readonly ended: Promise<void>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
}

/** Runs `asyndgan` with these arguments. */
export function asyndgan(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS);
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = exited.then(([code, signal]) => {
    if (code !== 0) throw new Error(`asyndgan ${args[0]} ended with ${code ?? signal}:\n${log}`);
  });
  ended.catch(() => {});
  const stop = async () => {
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    await exited;
  };
  return { pid: child.pid!, ended, stop };
}

/** Calls `use` with a new folder, which is removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'asyndgan-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, maxRetries: 5 });
  }
}

/** A small release that nobody scores: for runs that are about the training. */
export const NO_RELEASE = { samples: 4, evaluate: { enabled: false } };

/** Writes the demo with changes to sections of its spec, one level deep. */
export async function writeDemo(file: string, changes: Readonly<Record<string, Fields>>): Promise<void> {
  const { spec, ...rest } = parse(await readFile(DEMO, 'utf8')) as { spec: Record<string, Fields> & { sites: { dataset: Fields }[] } };
  const sites = spec.sites.map((site) => ({
    ...site,
    dataset: { ...site.dataset, path: resolve(dirname(DEMO), String(site.dataset['path'])) },
  }));
  const changed = Object.fromEntries(Object.entries(changes).map(([section, fields]) => [section, { ...spec[section], ...fields }]));
  await writeFile(file, stringify({ ...rest, spec: { ...spec, sites, ...changed } }));
}

/** Runs an experiment to its end; gives its journal. */
export async function runToEnd(file: string, out: string, args: readonly string[] = []): Promise<JournalEntry[]> {
  await asyndgan(['run', file, '--out', out, ...args]).ended;
  return journalOf(out);
}

export const journalOf = (out: string): Promise<JournalEntry[]> => readJournal(join(out, 'journal.jsonl'));

/** The hub's state after so many iterations: weights, averages, moments. */
export const hubCheckpoint = (out: string, iterations: number): Promise<Buffer> =>
  readFile(join(out, 'checkpoints', 'hub', `${String(iterations).padStart(8, '0')}.ckpt`));
