import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  hasWsProtocol,
  type NatsConnection,
  wsconnect,
} from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { NatsAuthError, NatsLimitError, NatsTlsError, NatsUnreachableError, type WireError } from '../errors.ts';
import { Backoff } from './backoff.ts';
import { MOST_HEADER_BYTES } from './packet.ts';
import { wantsClientCertificate } from './server-info.ts';
import type { LineName } from './subjects.ts';
import type { LinkTiming } from './timing.ts';

export interface NatsServer {
  /** nats://, tls://, ws:// or wss:// addresses of one cluster; one that answers is taken */
  readonly servers: string | readonly string[];
  /** a .creds file, read again at each reconnect: replace it and the connection goes on with the new one */
  readonly credentialsFile?: string;
  /** PEM files, read again at each reconnect; wss:// knows only the authorities of NODE_EXTRA_CA_CERTS */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** how long the first connection is tried for. Default 30 */
  readonly connectSeconds?: number;
}

interface Connecting {
  /** shown in the server's monitoring */
  readonly name: string;
  readonly line: LineName;
  /** the largest envelope of this experiment */
  readonly largestMessageBytes: number;
  readonly timing: LinkTiming;
  /** in [0, 1) */
  readonly random: () => number;
}

/**
 * A connection counts as lost after (out + 1) intervals without an answer, and pings queue behind messages: on the data line that time must
 * exceed the largest transfer's (8 MiB at 1 Mbit/s: 67 s).
 */
const PINGS: Record<LineName, { pingInterval: number; maxPingOut: number }> = {
  ctl: { pingInterval: 10_000, maxPingOut: 3 },
  data: { pingInterval: 30_000, maxPingOut: 4 },
};

const ATTEMPT_MS = 10_000;

/**
 * A connection that reconnects for ever. Throws NatsUnreachableError when no server answers within `connectSeconds`; at once NatsAuthError,
 * NatsTlsError and, when the server's max_payload is below what the experiment needs, NatsLimitError; the signal's reason when it aborts.
 */
export async function openConnection(
  server: NatsServer,
  connecting: Connecting,
  signal: AbortSignal,
): Promise<{ connection: NatsConnection; backoff: Backoff }> {
  const backoff = new Backoff(connecting.timing, connecting.random);
  const options = connectionOptions(server, connecting, backoff);
  const deadline = Date.now() + patience(server);
  for (;;) {
    signal.throwIfAborted();
    try {
      const connection = await (hasWsProtocol(options) ? wsconnect(options) : connect(options));
      await requireRoom(connection, connecting.largestMessageBytes);
      backoff.reset();
      return { connection, backoff };
    } catch (error) {
      const failure = (await certificateProblem(error, server)) ?? readFailure(error, server);
      if (!failure.retryable || Date.now() > deadline) throw failure;
      await sleep(backoff.delay(), undefined, { signal }).catch(() => signal.throwIfAborted());
      backoff.next();
    }
  }
}

/** The advice is the same at the start and when the server is another one after a reconnect. */
export function payloadProblem(mostBytes: number | undefined, needed: number): NatsLimitError | null {
  const needs = needed + MOST_HEADER_BYTES;
  if (mostBytes === undefined || mostBytes >= needs) return null;
  return new NatsLimitError(
    `the NATS server takes messages of ${mostBytes} bytes, this experiment sends up to ${needs}: set \`max_payload: 8MB\` in nats-server.conf ` +
      '(on every server and leaf node in between), and `write_deadline: "120s"`, so that a slow link has the time to carry them',
  );
}

function connectionOptions(server: NatsServer, { name, line }: Connecting, backoff: Backoff): ConnectionOptions {
  const { servers, credentialsFile, tls } = server;
  return {
    servers: [servers].flat(),
    name: `${name}-${line}`,
    ...PINGS[line],
    ...(tls && { tls }),
    ...(credentialsFile !== undefined && { authenticator: credentialsFrom(credentialsFile) }),
    timeout: Math.min(ATTEMPT_MS, patience(server)),
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => backoff.delay(),
    ignoreAuthErrorAbort: true,
    // Addresses that a cluster gossips are of its own network; a hospital's firewall knows only those that it was given.
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  };
}

/** Reads the file at each attempt. Throws NatsAuthError at first; later the last good ones go on: a throw would close the connection for good. */
function credentialsFrom(file: string): Authenticator {
  let last = readCredentials(file);
  return (nonce) => {
    try {
      last = readCredentials(file);
    } catch {
      // It is being replaced, or gone. The server decides whether the last ones still hold.
    }
    return last(nonce);
  };
}

function readCredentials(file: string): Authenticator {
  let content: Uint8Array;
  try {
    content = readFileSync(file);
  } catch (cause) {
    throw new NatsAuthError(`the NATS credentials ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const authenticator = credsAuthenticator(content);
    authenticator();
    return authenticator;
  } catch (cause) {
    throw new NatsAuthError(`${file} holds no NATS credentials: it must be the .creds file that the hub's operator has issued`, { cause });
  }
}

async function requireRoom(connection: NatsConnection, largestMessageBytes: number): Promise<void> {
  const problem = payloadProblem(connection.info?.max_payload, largestMessageBytes);
  if (!problem) return;
  await connection.close();
  throw problem;
}

async function certificateProblem(error: unknown, { servers, tls }: NatsServer): Promise<NatsTlsError | null> {
  const [first = ''] = [servers].flat();
  if (!(error instanceof Error) || error.name !== 'TimeoutError' || !(await wantsClientCertificate(first))) return null;
  const given = tls?.certFile ? `does not accept the one in ${tls.certFile}` : 'none is given (certFile, keyFile)';
  return new NatsTlsError(`NATS at ${first} demands a client certificate and ${given}: its own caFile must hold who has signed it`, {
    cause: error,
  });
}

/** What a failed first connection means. nats.js tells by the error's name, Node.js by its code. */
function readFailure(error: unknown, { servers, credentialsFile, tls }: NatsServer): WireError {
  if (error instanceof NatsLimitError || error instanceof NatsAuthError) return error;
  const cause = innermost(error);
  const where = `NATS at ${[servers].flat().join(', ')}`;
  if (cause.name === 'AuthorizationError' || cause.name === 'UserAuthenticationExpiredError') {
    const what = credentialsFile === undefined ? 'connections without credentials' : `the credentials in ${credentialsFile}`;
    return new NatsAuthError(
      `${where} refuses ${what} (${cause.message}): if they have expired or were revoked, the hub's operator issues new ones`,
      { cause },
    );
  }
  if (isTls(cause)) {
    const given = tls ? `with ${JSON.stringify(tls)}` : 'with the authorities of this system';
    return new NatsTlsError(
      `no encrypted connection to ${where}, ${given}: ${cause.message}. Check caFile (who signed the server's certificate), certFile and keyFile`,
      { cause },
    );
  }
  return new NatsUnreachableError(
    `${where} does not answer (${cause.message}): is it running, and does the firewall let this machine reach it?`,
    { cause },
  );
}

function isTls(cause: Error & { code?: unknown }): boolean {
  return (
    /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(String(cause.code)) || /\b(tls|ssl)\b|certificate|doesn't exist/i.test(cause.message)
  );
}

function patience({ connectSeconds = 30 }: NatsServer): number {
  return 1000 * connectSeconds;
}

function innermost(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error ?? 'the connection was closed'));
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
