import { execFile } from 'node:child_process';
import { generateKeyPair, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OpensslError } from './errors.ts';
import { PRIVATE } from './files.ts';

/** A certificate and its private key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority for one federation: ECDSA on P-256. */
export function makeAuthority(federation: string, lifetimeDays: number): Promise<Certificate> {
  return issue(
    `${federation} authority`,
    ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash'],
    lifetimeDays,
  );
}

/** For nats-server, under each of its host names and addresses. */
export function makeServerCertificate(hosts: readonly string[], lifetimeDays: number, authority: Certificate): Promise<Certificate> {
  const names = hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`);
  return issue('nats-server', [...endEntity('serverAuth'), `subjectAltName=${names.join(',')}`], lifetimeDays, authority);
}

/** For a member that shows who it is in the TLS handshake. */
export function makeClientCertificate(name: string, lifetimeDays: number, authority: Certificate): Promise<Certificate> {
  return issue(name, endEntity('clientAuth'), lifetimeDays, authority);
}

const endEntity = (purpose: string) => [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  `extendedKeyUsage=${purpose}`,
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid',
];

/** Makes a key and has openssl sign a certificate of it: with the authority's key, or with its own. */
async function issue(name: string, extensions: readonly string[], days: number, authority?: Certificate): Promise<Certificate> {
  const { privateKey: key } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const folder = await mkdtemp(join(tmpdir(), 'asyndgan-certificate-'));
  const write = (file: string, content: string) => writeFile(join(folder, file), content, { mode: PRIVATE });
  try {
    await write('key.pem', key);
    await write('request.conf', '[req]\ndistinguished_name = name\n[name]\n');
    await write('extensions.conf', `${extensions.join('\n')}\n`);
    if (authority) {
      await write('authority.pem', authority.certificate);
      await write('authority.key', authority.key);
    }
    await openssl(folder, [
      'req',
      '-new',
      '-sha256',
      '-config',
      'request.conf',
      '-key',
      'key.pem',
      '-subj',
      `/CN=${name}`,
      '-out',
      'request.pem',
    ]);
    const signer = authority ? ['-CA', 'authority.pem', '-CAkey', 'authority.key'] : ['-signkey', 'key.pem'];
    const serial = `0x00${randomBytes(16).toString('hex')}`;
    const terms = ['-sha256', '-days', String(days), '-set_serial', serial, '-extfile', 'extensions.conf'];
    await openssl(folder, ['x509', '-req', '-in', 'request.pem', ...signer, ...terms, '-out', 'certificate.pem']);
    return { certificate: await readFile(join(folder, 'certificate.pem'), 'utf8'), key };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args, { cwd }).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    throw new OpensslError(cause.code === 'ENOENT' ? 'it is not installed' : cause.stderr?.trim() || cause.message, { cause });
  });
}
