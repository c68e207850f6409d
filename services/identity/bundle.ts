import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeClientCertificate } from './certificates.ts';
import { readAuthority, serverFile } from './federation-folder.ts';
import { createFile, PRIVATE, PUBLIC, replaceFile } from './files.ts';
import type { Register } from './register.ts';
import { leafConfig } from './server-config.ts';

/** What a member needs to connect, as `connection.json` says it; files are named from its folder. */
interface Connection {
  readonly federation: string;
  readonly member: string;
  readonly role: string;
  readonly runs: readonly string[];
  /** NATS URLs, the preferred one first */
  readonly servers: readonly string[];
  readonly credentials: string;
  /** certificate authority to trust; null: the system's */
  readonly ca: string | null;
  /** client certificate and its key in one file, where the server asks for one; null: none */
  readonly clientCertificate: string | null;
  readonly expires: string;
}

const DAY_SECONDS = 86_400;

/**
 * Writes the folder that a member is given: credentials, certificates, connection.json, and leaf.conf for a site. A renewal replaces what expires,
 * each file at once; what the member may have changed it leaves.
 *
 * @throws FileTakenError where a file is there already and `renewal` is false
 */
export async function writeBundle(
  directory: string,
  folder: string,
  register: Register,
  name: string,
  creds: string,
  renewal: boolean,
): Promise<void> {
  const { role, runs, credentials } = register.members[name]!;
  const { expires, issued } = credentials.at(-1)!;
  const { authority, mutual } = register.tls;
  const write = (file: string, content: string, mode: number) => (renewal ? replaceFile : createFile)(join(folder, file), content, mode);
  const connection: Connection = {
    federation: register.name,
    member: name,
    role,
    runs,
    servers: register.addresses.servers,
    credentials: `${name}.creds`,
    ca: authority === 'Public' ? null : 'ca.pem',
    clientCertificate: mutual ? 'client.pem' : null,
    expires: expires.toISOString(),
  };
  await write(connection.credentials, creds, PRIVATE);
  await write('connection.json', `${JSON.stringify(connection, null, 2)}\n`, PUBLIC);
  if (connection.ca) await write(connection.ca, await readFile(serverFile(directory, 'ca.pem'), 'utf8'), PUBLIC);
  if (mutual && authority === 'Private') {
    const days = Math.ceil((expires.getTime() - issued.getTime()) / 1000 / DAY_SECONDS);
    const { certificate, key } = await makeClientCertificate(name, days, await readAuthority(directory));
    await write('client.pem', certificate + key, PRIVATE);
  }
  if (role === 'site' && !renewal) await write('leaf.conf', leafConfig(name, register), PUBLIC);
}
