import { AddressInvalidError } from './errors.ts';

/** Where the hub's server is reached, from the URLs given to `enroll init`. */
export interface Addresses {
  /** URLs that clients dial, the preferred one first */
  readonly servers: readonly string[];
  /** host names and IP addresses of them, for the server's certificate */
  readonly hosts: readonly string[];
  readonly port: number;
  /** null: no WebSocket */
  readonly websocketPort: number | null;
  /** URL that leaf nodes dial */
  readonly leaf: string;
  readonly leafPort: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'tls:': 4222, 'wss:': 443 };

/**
 * The server listens on the ports of the first `tls` and the first `wss` URL; leaf nodes dial the host of the former.
 *
 * @throws AddressInvalidError
 */
export function parseAddresses(urls: readonly string[], leafPort: number): Addresses {
  const parsed = urls.map(parse);
  const tls = parsed.find(({ scheme }) => scheme === 'tls:');
  if (!tls) throw new AddressInvalidError(urls.join(' '), 'has no tls:// address');
  return {
    servers: parsed.map(({ scheme, host, port }) => `${scheme}//${host}:${port}`),
    hosts: [...new Set(parsed.map(({ host }) => host.replace(/^\[|\]$/g, '')))],
    port: tls.port,
    websocketPort: parsed.find(({ scheme }) => scheme === 'wss:')?.port ?? null,
    leaf: `tls://${tls.host}:${leafPort}`,
    leafPort,
  };
}

function parse(text: string): { scheme: string; host: string; port: number } {
  const url = URL.parse(text);
  const usual = DEFAULT_PORTS[url?.protocol ?? ''];
  if (!url || usual === undefined) throw new AddressInvalidError(text, 'is no address of a NATS server');
  if (url.username || url.password || url.search || url.hash || !['', '/'].includes(url.pathname)) {
    throw new AddressInvalidError(text, 'holds more than a host and a port');
  }
  const host = url.hostname.toLowerCase();
  if (!/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?|\[[0-9a-f:.]+\])$/.test(host)) throw new AddressInvalidError(text, 'has no valid host');
  return { scheme: url.protocol, host, port: url.port === '' ? usual : Number(url.port) };
}
