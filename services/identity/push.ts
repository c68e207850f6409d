import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { PushFailedError } from './errors.ts';
import { bundleFolder } from './federation-folder.ts';
import { PUSH_INBOX, PUSH_SUBJECT } from './permissions.ts';
import { readRegister } from './register.ts';

const TIMEOUT_MS = 10_000;

/**
 * Hands a signed account to a running server, as the member `system`. Whoever it revokes is disconnected at once; a cluster's servers tell one another.
 *
 * @throws PushFailedError
 */
export async function pushAccount(directory: string, server: string, jwt: string): Promise<void> {
  try {
    const connection = await connectAsSystem(directory, server);
    try {
      await push(connection, jwt);
    } finally {
      await connection.close();
    }
  } catch (cause) {
    throw new PushFailedError(server, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function connectAsSystem(directory: string, server: string): Promise<NatsConnection> {
  const { authority, mutual } = (await readRegister(directory)).tls;
  const at = (file: string) => join(bundleFolder(directory, 'system'), file);
  const client = mutual ? { certFile: at('client.pem'), keyFile: at('client.pem') } : {};
  return connect({
    servers: server,
    name: 'asyndgan-enroll',
    authenticator: credsAuthenticator(await readFile(at('system.creds'))),
    inboxPrefix: PUSH_INBOX,
    tls: { ...(authority === 'Public' ? {} : { caFile: at('ca.pem') }), ...client },
    reconnect: false,
    timeout: TIMEOUT_MS,
  });
}

interface Answer {
  readonly data?: { readonly code: number };
  readonly error?: { readonly description?: string };
}

async function push(connection: NatsConnection, jwt: string): Promise<void> {
  const answer = (await connection.request(PUSH_SUBJECT, jwt, { timeout: TIMEOUT_MS })).json<Answer>();
  if (answer.data?.code !== 200) throw new Error(answer.error?.description ?? 'it gave no reason');
}
