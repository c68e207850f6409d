import { once } from 'node:events';
import { connect } from 'node:net';
import { findNatsServer } from '#wire';
import { NoServerError } from '../errors.ts';

const CONNECT_MS = 5000;
const NATS_PORT = 4222;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443 };

/**
 * Tells a wrong --nats before anything is written, or a process started that would try it again and again: `embedded` needs the program, addresses
 * (comma-separated) a server that answers. Throws NatsServerError, NoServerError.
 */
export async function requireNats(nats: string): Promise<void> {
  if (nats === 'embedded') {
    findNatsServer(process.env);
    return;
  }
  const answers = await Promise.all(nats.split(',').map((address) => isListening(address.trim())));
  if (!answers.includes(true)) throw new NoServerError(nats);
}

async function isListening(server: string): Promise<boolean> {
  const address = server.includes('://') ? server : `nats://${server}`;
  if (!URL.canParse(address)) return false;
  const { hostname, port, protocol } = new URL(address);
  const socket = connect(Number(port) || (DEFAULT_PORTS[protocol] ?? NATS_PORT), hostname.replace(/^\[|\]$/g, ''));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
