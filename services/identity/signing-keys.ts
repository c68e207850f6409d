import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAccount, createOperator, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { KeyMissingError } from './errors.ts';
import { createFile, PRIVATE } from './files.ts';

/** Keys that sign: `accounts` the accounts, in the operator's name; the others the users of their role. */
export type SigningKeys = Readonly<Record<KeyName, KeyPair>>;

const KEY_NAMES = ['accounts', 'hub', 'site', 'system'] as const;
type KeyName = (typeof KEY_NAMES)[number];

export function makeSigningKeys(): SigningKeys {
  return { accounts: createOperator(), hub: createAccount(), site: createAccount(), system: createAccount() };
}

export async function writeSigningKeys(directory: string, keys: SigningKeys): Promise<void> {
  for (const name of KEY_NAMES) await writeSeed(seedFile(directory, name), keys[name]);
}

/** @throws KeyMissingError */
export async function readSigningKeys(directory: string): Promise<SigningKeys> {
  const [accounts, hub, site, system] = await Promise.all(KEY_NAMES.map((name) => readSeed(seedFile(directory, name))));
  return { accounts: accounts!, hub: hub!, site: site!, system: system! };
}

export async function writeSeed(file: string, key: KeyPair): Promise<void> {
  await createFile(file, `${new TextDecoder().decode(key.getSeed())}\n`, PRIVATE);
}

async function readSeed(file: string): Promise<KeyPair> {
  try {
    return fromSeed(new TextEncoder().encode((await readFile(file, 'utf8')).trim()));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new KeyMissingError(file, missing ? 'it is not there' : 'it is no seed', { cause });
  }
}

const seedFile = (directory: string, name: KeyName) => join(directory, 'keys', `${name}.seed`);
