import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { type EnrolOptions, enrolSite, type InitOptions, initFederation } from '#identity';
import { type ConfiguredServer, freePort, startConfigured } from '../wire/nats-server.ts';

export const RUN = 'asyndgan.v1.run-1';

/** A federation in a temporary folder with its server running, and clients that are closed at the end of the test. */
export interface TestFederation {
  readonly directory: string;
  readonly url: string;
  readonly websocketUrl: string;
  enrol(name: string, options?: Partial<EnrolOptions>): Promise<string>;
  bundle(name: string): string;
  client(bundle: string, options?: NodeConnectionOptions): Promise<NatsConnection>;
  /** a hospital's own server with the bundle's leaf.conf; `change` edits it first. Gives the URL that the hospital's process dials. */
  leaf(bundle: string, change?: (config: string) => string): Promise<{ url: string; server: ConfiguredServer }>;
  /** a client without credentials, as behind a leaf node */
  plainClient(url: string): Promise<NatsConnection>;
  reloadServer(): void;
  restartServer(): Promise<void>;
}

export async function startFederation(t: TestContext, binary: string, options: Partial<InitOptions> = {}): Promise<TestFederation> {
  const parent = await mkdtemp(join(tmpdir(), 'asyndgan-identity-'));
  const after = new AsyncDisposableStack();
  t.after(() => after.disposeAsync());
  after.defer(() => rm(parent, { recursive: true, force: true }));
  const directory = join(parent, 'federation');
  const [port, websocketPort, leafPort] = [await freePort(), await freePort(), await freePort()];
  const urls = [`tls://localhost:${port}`, `wss://localhost:${websocketPort}`];
  await initFederation(
    { directory, name: 'trial', urls, leafPort, expires: '1d', mutualTls: false, tls: undefined, ...options },
    new Date(),
  );
  const start = () => startConfigured(after, binary, join(directory, 'server'), 'nats-server.conf');
  let server = await start();

  const opened = async (connection: Promise<NatsConnection>) => {
    const client = await connection;
    after.defer(() => client.close());
    return client;
  };
  const bundle = (name: string) => join(directory, 'bundles', name);
  return {
    directory,
    url: urls[0]!,
    websocketUrl: urls[1]!,
    bundle,
    enrol: async (name, rest) =>
      (await enrolSite({ directory, name, runs: ['*'], expires: '1h', folder: undefined, ...rest }, new Date())).folder,
    client: (folder, rest) => opened(connect({ ...connectionOf(folder), ...rest })),
    plainClient: (url) => opened(connect({ servers: url, reconnect: false })),
    leaf: async (folder, change = (config) => config) => {
      const localPort = await freePort();
      const file = join(folder, 'leaf.conf');
      await writeFile(file, change((await readFile(file, 'utf8')).replace('127.0.0.1:4222', `127.0.0.1:${localPort}`)));
      return { url: `nats://127.0.0.1:${localPort}`, server: await startConfigured(after, binary, folder, 'leaf.conf') };
    },
    reloadServer: () => server.reload(),
    restartServer: async () => {
      await server.stop();
      server = await start();
    },
  };
}

/** What a member's process does with its bundle: the credentials are read at every connection. */
export function connectionOf(folder: string): NodeConnectionOptions {
  const { servers, credentials, ca, clientCertificate } = JSON.parse(readFileSync(join(folder, 'connection.json'), 'utf8'));
  const certificate = clientCertificate && join(folder, clientCertificate);
  return {
    servers: servers.filter((url: string) => url.startsWith('tls:')),
    authenticator: credsAuthenticator(() => readFileSync(join(folder, credentials))),
    tls: { caFile: join(folder, ca), ...(certificate ? { certFile: certificate, keyFile: certificate } : {}) },
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    ignoreAuthErrorAbort: true,
  };
}

/** What arrives on a subject, and what the server says against the subscription. */
export interface Heard {
  readonly messages: string[];
  readonly refusals: string[];
}

/** Subscribes, and returns when the server has the subscription, or has refused it. */
export async function listen(client: NatsConnection, ...subjects: string[]): Promise<Heard> {
  const heard: Heard = { messages: [], refusals: [] };
  for (const subject of subjects) {
    client.subscribe(subject, {
      callback: (error, message) => {
        if (error) heard.refusals.push(`${subject}: ${error.name}`);
        else if (message.headers?.code !== NO_RESPONDERS) heard.messages.push(`${message.subject} ${message.string()}`);
      },
    });
  }
  await client.flush();
  return heard;
}

/** The server's own word for a request that nobody listens to, such as before a leaf node has told what it listens to. */
const NO_RESPONDERS = 503;

/** Waits until `condition` holds, or fails with `what`. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
