import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountJwt } from './accounts.ts';
import type { Certificate } from './certificates.ts';
import { KeyMissingError } from './errors.ts';
import { PUBLIC, replaceFile } from './files.ts';
import type { Register } from './register.ts';
import type { AccountName } from './roles.ts';
import { accountsConfig } from './server-config.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Where things lie in a federation's folder, beside the register. */
export const serverFile = (directory: string, name: string) => join(directory, 'server', name);
export const offlineFile = (directory: string, name: string) => join(directory, 'offline', name);
export const authorityKeyFile = (directory: string) => join(directory, 'keys', 'authority.key');
export const bundleFolder = (directory: string, member: string) => join(directory, 'bundles', member);

/** Signs both accounts as the register has them now, and writes them into the server's configuration. */
export async function writeAccounts(
  directory: string,
  register: Register,
  keys: SigningKeys,
  now: Date,
): Promise<Record<AccountName, string>> {
  const jwts = {
    train: await accountJwt('train', register, keys, now),
    system: await accountJwt('system', register, keys, now),
  };
  await replaceFile(serverFile(directory, 'accounts.conf'), accountsConfig(register, jwts), PUBLIC);
  return jwts;
}

/** The federation's own certificate authority. @throws KeyMissingError */
export async function readAuthority(directory: string): Promise<Certificate> {
  const key = authorityKeyFile(directory);
  return {
    certificate: await readFile(serverFile(directory, 'ca.pem'), 'utf8'),
    key: await readFile(key, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new KeyMissingError(key, cause.code ?? cause.message, { cause });
    }),
  };
}
