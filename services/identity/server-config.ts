import type { Register } from './register.ts';

/** The largest message, in either direction; a leaf node must accept as much as the hub, or its link ends at the first larger message. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/**
 * A server gives up a connection that takes longer than write_deadline for what is queued, or that leaves (ping_max + 1) pings unanswered; both
 * must exceed the slowest transfer of one tensor: 8 MB at 1 Mbit/s takes 67 s.
 */
const PATIENCE = `max_payload: 8MB
write_deadline: "120s"
ping_interval: "60s"
ping_max: 3`;

/** nats-server.conf of the hub: for nats-server 2.9 and newer, started in its own folder. Written once, then the administrator's. */
export function hubConfig({ name, addresses, tls }: Register): string {
  const tlsLines = [
    `cert_file: ${JSON.stringify(tls.certificate)}`,
    `key_file: ${JSON.stringify(tls.key)}`,
    ...(tls.authority === 'Public' ? [] : ['ca_file: "ca.pem"']),
    `verify: ${tls.mutual}`,
    'timeout: 5',
  ];
  const websocket = `
# NATS over WebSocket, for sites that may only reach port 443.
websocket {
  listen: "0.0.0.0:${addresses.websocketPort}"
  compression: false # what is sent is compressed already
${block('tls', tlsLines, '  ')}
}
`;
  return `# The hub's server of the federation ${name}, made by asyndgan enroll init. Start it in this folder: nats-server -c nats-server.conf
server_name: "${name}-hub"
listen: "0.0.0.0:${addresses.port}"

# A tensor on a slow line must fit between two deadlines.
${PATIENCE}

${block('tls', tlsLines)}

# Who is trusted, and who is revoked: rewritten by asyndgan enroll revoke.
include "accounts.conf"

# Accounts as they are now; a revocation that is pushed to the running server is kept here.
resolver {
  type: full
  dir: "accounts"
  allow_delete: false
  interval: "2m"
}

# Hospitals that want one way out connect a server of their own here.
leafnodes {
  listen: "0.0.0.0:${addresses.leafPort}"
  # compression: off # worth it from nats-server 2.10: what is sent is compressed already; 2.9 does not know the option
${block('tls', tlsLines, '  ')}
}
${addresses.websocketPort === null ? '' : websocket}`;
}

/** accounts.conf, included by nats-server.conf: nothing in it is secret. */
export function accountsConfig({ operatorJwt, accounts }: Register, jwts: Readonly<Record<'train' | 'system', string>>): string {
  return `operator: ${operatorJwt}
system_account: ${accounts.system}
resolver_preload: {
  ${accounts.system}: ${jwts.system}
  ${accounts.train}: ${jwts.train}
}
`;
}

/** leaf.conf for a hospital that puts a server of its own between its process and the hub: outbound connections only. */
export function leafConfig(site: string, { name, addresses, tls }: Register): string {
  const tlsLines = [
    ...(tls.authority === 'Public' ? [] : ['ca_file: "ca.pem"']),
    ...(tls.mutual ? ['cert_file: "client.pem"', 'key_file: "client.pem"'] : []),
    'timeout: 5',
  ];
  const overWebSocket = addresses.servers.find((url) => url.startsWith('wss:'));
  return `# Leaf node of ${site} in the federation ${name}. Start it in this folder: nats-server -c leaf.conf
server_name: "${site}-leaf"

# Whoever reaches this port is ${site}: keep it on the loopback interface, or in a network that only the site's process can reach.
listen: "127.0.0.1:4222"

# As at the hub: a smaller max_payload would end the link at the first larger message.
${PATIENCE}

leafnodes {
  # compression: off # as at the hub, from nats-server 2.10
  remotes: [
    {
      urls: ["${addresses.leaf}"]${overWebSocket ? ` # or, where only port 443 is open: ["${overWebSocket}"]` : ''}
      credentials: "${site}.creds"
${block('tls', tlsLines, '      ')}
    }
  ]
}
`;
}

const block = (name: string, lines: readonly string[], indent = '') =>
  [`${name} {`, ...lines.map((line) => `  ${line}`), '}'].map((line) => indent + line).join('\n');
