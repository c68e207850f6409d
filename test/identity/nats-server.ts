import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

const READY_MS = 10_000;

/** The server on PATH or in ASYNDGAN_NATS_SERVER, and the old one in ASYNDGAN_NATS_SERVER_OLD; `missing` says why a test cannot run. */
export const SERVERS: readonly { name: string; binary: string; missing: string | false }[] = [
  found(
    'nats-server',
    process.env['ASYNDGAN_NATS_SERVER'] ?? 'nats-server',
    'put nats-server on PATH, or its path in ASYNDGAN_NATS_SERVER',
  ),
  found('old nats-server', process.env['ASYNDGAN_NATS_SERVER_OLD'] ?? '', 'put the path of a nats-server 2.9 in ASYNDGAN_NATS_SERVER_OLD'),
];

function found(name: string, binary: string, advice: string) {
  const works = binary !== '' && spawnSync(binary, ['--version']).status === 0;
  return { name, binary, missing: works ? (false as const) : `no ${name}: ${advice}` };
}

export interface RunningServer {
  log(): string;
  /** has it read its configuration again */
  reload(): void;
  /** ends the process, and waits for it */
  stop(): Promise<void>;
}

/** Starts a server in `folder`, on the loopback interface whatever its configuration says, and waits until it is ready. `after` stops it. */
export async function startServer(after: AsyncDisposableStack, binary: string, folder: string, config: string): Promise<RunningServer> {
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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
