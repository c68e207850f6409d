import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NatsServerError } from '../errors.ts';

export interface NatsServerOptions {
  /** of the executable. Default: `findNatsServer(process.env)` */
  readonly binary?: string;
  /** lines of nats-server.conf, after the defaults and stronger than them */
  readonly config?: string;
  /** default: a free one */
  readonly port?: number;
}

export interface RunningNatsServer {
  /** nats:// address for clients on this machine */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** what it has written lately */
  log(): string;
  /** Resolves when the process has ended. Idempotent. Default SIGTERM */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const BINARY = 'nats-server';
const SET_UP = fileURLToPath(new URL(`../../../node_modules/.bin/${BINARY}`, import.meta.url));
const READY_MS = 10_000;
const LOG_CHARACTERS = 64 * 1024;

/** Reachable from this machine only; for messages of 8 MB, which a client may take two minutes to read. */
const DEFAULTS = ['host: 127.0.0.1', 'max_payload: 8MB', 'write_deadline: "120s"'];

/** The nats-server to run: ASYNDGAN_NATS_SERVER, else the one on PATH, else the one that the set-up has built. Throws NatsServerError. */
export function findNatsServer(env: NodeJS.ProcessEnv): string {
  const named = env['ASYNDGAN_NATS_SERVER'];
  if (named) {
    if (isExecutable(named)) return named;
    throw new NatsServerError(`ASYNDGAN_NATS_SERVER is ${named}, which is no executable file`);
  }
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const found = [...folders.map((folder) => path.join(folder, BINARY)), SET_UP].find(isExecutable);
  if (found) return found;
  throw new NatsServerError(
    `${BINARY} is not found: put it on PATH, name it in ASYNDGAN_NATS_SERVER, or build it with \`node scripts/setup.mjs --nats\` (needs Go)`,
  );
}

/** Starts a server of our own and waits until it takes connections. Throws NatsServerError with the end of its log. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<RunningNatsServer> {
  const binary = options.binary ?? findNatsServer(process.env);
  const folder = mkdtempSync(path.join(tmpdir(), 'asyndgan-nats-'));
  const file = path.join(folder, 'nats-server.conf');
  const ports = `ports_file_dir: ${JSON.stringify(folder)}`;
  writeFileSync(file, [...DEFAULTS, `port: ${options.port ?? -1}`, ports, options.config ?? '', ''].join('\n'), { mode: 0o600 });
  // It has a group of its own: a Ctrl-C in the terminal would end it before those who need it to keep their state.
  const child = spawn(binary, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const log = tail(child);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve()); // not at its exit: its last words may still be on their way
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  try {
    const url = await Promise.race([readAddress(folder), ended.then(() => '')]);
    if (!url) throw new NatsServerError(`${binary} did not start:\n${log()}`);
    return { url, port: Number(new URL(url).port), pid: child.pid ?? 0, log, stop };
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
}

/** The server writes a file with its addresses when it is ready, NAME_PID.ports. */
async function readAddress(folder: string): Promise<string> {
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(20)) {
    const address = firstAddress(folder);
    if (address) return address;
  }
  return '';
}

function firstAddress(folder: string): string | undefined {
  try {
    const file = readdirSync(folder).find((name) => name.endsWith('.ports'));
    return file && (JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { nats: string[] }).nats[0];
  } catch {
    return undefined; // not written to its end yet, or the folder is gone with the server
  }
}

function tail(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text = (text + more).slice(-LOG_CHARACTERS);
    });
  }
  child.once('error', (error) => {
    text += error.message;
  });
  return () => text;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
