import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findNatsServer, type NatsServerOptions, type RunningNatsServer, startNatsServer } from '#wire';

/*
 * Real nats-servers for tests and benchmarks.
 */

export interface TestedServer {
  readonly name: string;
  readonly binary: string;
  /** for a test's `skip`: why it is not there, or false */
  readonly missing: string | false;
}

/** The nats-server in use and the oldest supported one. */
export const NATS_SERVERS: readonly [TestedServer, TestedServer] = [current(), oldest()];

/** For the `skip` of tests with the server in use. */
export const WITHOUT_NATS: string | false = NATS_SERVERS[0].missing;

const READY_MS = 10_000;

/** A server that can be killed and come back at the same address; it ends with the test. */
export interface NatsServerUnderTest extends RunningNatsServer {
  /** Starts it again after `stop`. */
  restart(): Promise<void>;
}

export async function aNatsServer(t: TestContext, options: NatsServerOptions = {}): Promise<NatsServerUnderTest> {
  const started = { binary: NATS_SERVERS[0].binary, ...options };
  let running = await startNatsServer(started);
  t.after(() => running.stop('SIGKILL'));
  const { url, port } = running;
  return {
    ...{ url, port },
    get pid() {
      return running.pid;
    },
    log: () => running.log(),
    stop: (signal) => running.stop(signal),
    restart: async () => {
      running = await untilPortIsFree(() => startNatsServer({ ...started, port }));
    },
  };
}

/** A client that tries to reconnect may, by TCP's simultaneous open, have reached itself, and sit on the port for a moment. */
async function untilPortIsFree<T>(start: () => Promise<T>, tries = 20): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (tries === 0 || !String(error).includes('address already in use')) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return untilPortIsFree(start, tries - 1);
  }
}

/** A server that runs on a configuration as it lies in a folder. */
export interface ConfiguredServer {
  log(): string;
  /** Has it read its configuration again. */
  reload(): void;
  /** Ends the process, and waits for it. */
  stop(): Promise<void>;
}

/**
 * Starts `nats-server -c CONFIG` in `folder`, as an administrator does, but on the loopback interface whatever the configuration says, and waits until
 * it is ready. `after` stops it.
 */
export async function startConfigured(
  after: AsyncDisposableStack,
  binary: string,
  folder: string,
  config: string,
): Promise<ConfiguredServer> {
  const file = join(folder, config);
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('0.0.0.0', '127.0.0.1'));
  const child = spawn(binary, ['-c', config], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (text: Buffer) => {
    log += text.toString();
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  after.defer(stop);
  const deadline = Date.now() + READY_MS;
  while (!log.includes('Server is ready')) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${binary} -c ${file} is not ready:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { log: () => log, reload: () => child.kill('SIGHUP'), stop };
}

/** For listeners whose port the server does not tell (leaf nodes). */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function current(): TestedServer {
  try {
    return { name: 'nats-server', binary: findNatsServer(process.env), missing: false };
  } catch (error) {
    return { name: 'nats-server', binary: '', missing: (error as Error).message };
  }
}

function oldest(): TestedServer {
  const built = fileURLToPath(new URL('../../node_modules/.bin/nats-server-oldest', import.meta.url));
  const binary = process.env['ASYNDGAN_NATS_SERVER_OLD'] ?? built;
  const missing =
    !existsSync(binary) && 'no old nats-server: install Go, then `node scripts/setup.mjs --nats`, or set ASYNDGAN_NATS_SERVER_OLD';
  return { name: 'the oldest nats-server', binary, missing };
}
