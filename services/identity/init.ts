import { readFile, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createAccount, createOperator } from '@nats-io/nkeys';
import { operatorJwt } from './accounts.ts';
import { parseAddresses } from './addresses.ts';
import { makeAuthority, makeServerCertificate } from './certificates.ts';
import { CertificateGivenError, DirectoryTakenError, GivenFileError, MutualTlsError } from './errors.ts';
import { authorityKeyFile, bundleFolder, offlineFile, readAuthority, serverFile, writeAccounts } from './federation-folder.ts';
import { createFile, isFree, makeFolder, PRIVATE, PUBLIC, replaceFile } from './files.ts';
import { admit } from './members.ts';
import { checkName, parseLifetime } from './names.ts';
import { type Register, withRegister } from './register.ts';
import { ROLES } from './roles.ts';
import { hubConfig } from './server-config.ts';
import { makeSigningKeys, writeSeed, writeSigningKeys } from './signing-keys.ts';

export interface InitOptions {
  readonly directory: string;
  readonly name: string;
  /** `tls://HOST:PORT` and `wss://HOST:PORT` under which members reach the server */
  readonly urls: readonly string[];
  readonly leafPort: number;
  /** lifetime of the credentials of hub and system; 365d if absent */
  readonly expires: string | undefined;
  readonly mutualTls: boolean;
  /** the server's own certificate, by files; `authority` is what members shall trust, absent: what their system trusts */
  readonly tls: { readonly certificate: string; readonly key: string; readonly authority: string | undefined } | undefined;
}

const AUTHORITY_DAYS = 3650;
const SERVER_CERTIFICATE_DAYS = 825;

/**
 * Makes a federation's folder: keys, accounts, the server's configuration and the bundles of hub and system. All or nothing: the folder appears when
 * it is whole.
 *
 * @throws NameInvalidError, AddressInvalidError, LifetimeInvalidError, MutualTlsError, GivenFileError, DirectoryTakenError, FileUnwritableError, OpensslError
 */
export async function initFederation(options: InitOptions, now: Date): Promise<Register> {
  const { directory, name } = options;
  checkName('the federation', name);
  const addresses = parseAddresses(options.urls, options.leafPort);
  const lifetime = parseLifetime(options.expires ?? ROLES.hub.lifetime);
  if (options.mutualTls && options.tls && !options.tls.authority) throw new MutualTlsError();
  if (!(await isFree(directory))) throw new DirectoryTakenError(directory);

  const [operator, train, system] = [createOperator(), createAccount(), createAccount()];
  const keys = makeSigningKeys();
  const register: Register = {
    version: 1,
    name,
    addresses: { ...addresses, servers: [...addresses.servers], hosts: [...addresses.hosts] },
    tls: tlsOf(options),
    operatorJwt: await operatorJwt(name, operator, keys.accounts, system.getPublicKey()),
    accounts: { train: train.getPublicKey(), system: system.getPublicKey() },
    members: {},
  };

  const partial = `${resolve(directory)}.partial-${process.pid}`;
  await makeFolder(partial);
  try {
    await writeSeed(offlineFile(partial, 'operator.seed'), operator);
    await writeSigningKeys(partial, keys);
    await writeCertificates(partial, register, options);
    await createFile(serverFile(partial, 'nats-server.conf'), hubConfig(register), PUBLIC);
    await writeAccounts(partial, register, keys, now);
    for (const role of ['hub', 'system'] as const) {
      await admit(
        partial,
        register,
        keys,
        { name: role, role, runs: ['*'], lifetime, folder: bundleFolder(partial, role), renewal: false },
        now,
      );
    }
    await rename(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  return register;
}

/**
 * A new certificate for the server, by the federation's own authority; a running server takes it at SIGHUP.
 *
 * @throws CertificateGivenError, KeyMissingError, and what withRegister throws
 */
export async function renewServerCertificate(directory: string): Promise<void> {
  await withRegister(directory, async ({ addresses, tls }) => {
    if (tls.authority !== 'Private') throw new CertificateGivenError(tls.certificate);
    const server = await makeServerCertificate(addresses.hosts, SERVER_CERTIFICATE_DAYS, await readAuthority(directory));
    await replaceFile(serverFile(directory, 'server.key'), server.key, PRIVATE);
    await replaceFile(serverFile(directory, 'server.pem'), server.certificate, PUBLIC);
  });
}

function tlsOf({ tls, mutualTls }: InitOptions): Register['tls'] {
  if (!tls) return { certificate: 'server.pem', key: 'server.key', authority: 'Private', mutual: mutualTls };
  return { certificate: resolve(tls.certificate), key: resolve(tls.key), authority: tls.authority ? 'Given' : 'Public', mutual: mutualTls };
}

async function writeCertificates(directory: string, { name, addresses }: Register, { tls }: InitOptions): Promise<void> {
  if (tls) {
    await Promise.all([readGiven(tls.certificate), readGiven(tls.key)]);
    if (tls.authority) await createFile(serverFile(directory, 'ca.pem'), await readGiven(tls.authority), PUBLIC);
    return;
  }
  const authority = await makeAuthority(name, AUTHORITY_DAYS);
  await createFile(authorityKeyFile(directory), authority.key, PRIVATE);
  await createFile(serverFile(directory, 'ca.pem'), authority.certificate, PUBLIC);
  const server = await makeServerCertificate(addresses.hosts, SERVER_CERTIFICATE_DAYS, authority);
  await createFile(serverFile(directory, 'server.pem'), server.certificate, PUBLIC);
  await createFile(serverFile(directory, 'server.key'), server.key, PRIVATE);
}

const readGiven = (file: string) =>
  readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new GivenFileError(file, cause);
  });
