import { once } from 'node:events';
import { connect } from 'node:net';

const PATIENCE_MS = 2000;
const MOST_CHARACTERS = 64 * 1024;
const DEFAULT_PORT = 4222;

/**
 * Whether a server demands client certificates, which it says in the greeting before TLS. nats.js only times out when its certificate is
 * refused: with TLS 1.3 the refusal comes after the handshake. False where there is no telling.
 */
export async function wantsClientCertificate(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address.includes('://') ? address : `nats://${address}`);
  const socket = connect(Number(port || DEFAULT_PORT), hostname);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on('error', () => {});
  let greeting = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    greeting += text;
    if (greeting.includes('\n') || greeting.length > MOST_CHARACTERS) socket.destroy();
  });
  await once(socket, 'close');
  try {
    return JSON.parse(/^INFO (.*)/.exec(greeting)?.[1] ?? '{}').tls_verify === true;
  } catch {
    return false;
  }
}
