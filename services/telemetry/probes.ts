import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProbeAddressError, ProbePortTakenError } from './errors.ts';

/** Why a process is not well, in one line. */
export type Problem = string;

export interface ProbeOptions {
  /** 0: any free one */
  readonly port: number;
  /** In a pod 0.0.0.0: the probes come from outside of it. */
  readonly host: string;
  /** What only a restart can mend, or null. */
  readonly live: () => Problem | null;
  /** Why no work can be done now, or null. */
  readonly ready: () => Problem | null;
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

export interface Probes {
  readonly port: number;
  /** Idempotent; takes half a second at most. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const TEXT = 'text/plain; charset=utf-8';
/** Prometheus text-based format, 2014. */
const METRICS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';
/** Clients are Kubernetes and Prometheus: anything slower or larger is not one of them. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 };
const MOST_CONNECTIONS = 64;
const LAST_ANSWERS_MS = 500;

/** Answers GET /livez, /readyz (200, or 503 and the reason) and /metrics. Throws ProbePortTakenError or ProbeAddressError. */
export async function startProbes(options: ProbeOptions): Promise<Probes> {
  const server = createServer(LIMITS, (request, response) => void respond(request, response, options));
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    port,
    close: () => {
      closed ??= close(server);
      return closed;
    },
  };
}

async function respond({ method, url = '/' }: IncomingMessage, response: ServerResponse, options: ProbeOptions): Promise<void> {
  const path = url.split('?', 1)[0]!;
  const { status, text } = method === 'GET' || method === 'HEAD' ? await answer(path, options) : { status: 405, text: 'only GET\n' };
  response.writeHead(status, { 'content-type': path === '/metrics' ? METRICS_TEXT : TEXT, 'cache-control': 'no-store' });
  response.end(method === 'HEAD' ? undefined : text);
}

async function answer(path: string, { live, ready, metrics }: ProbeOptions): Promise<Answer> {
  try {
    if (path === '/livez') return verdict(live());
    if (path === '/readyz') return verdict(live() ?? ready());
    if (path === '/metrics') return { status: 200, text: await metrics() };
    return { status: 404, text: 'there are /livez, /readyz and /metrics\n' };
  } catch (error) {
    return { status: 500, text: `${path} failed: ${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function verdict(problem: Problem | null): Answer {
  return problem === null ? { status: 200, text: 'ok\n' } : { status: 503, text: `${problem}\n` };
}

async function listen(server: Server, { host, port }: ProbeOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port }, resolve);
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new ProbePortTakenError(host, port, { cause: error });
    throw new ProbeAddressError(host, port, code ?? message, { cause: error });
  }
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await promise;
  clearTimeout(timer);
}
