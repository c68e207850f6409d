import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FederationMissingError, RegisterDamagedError, RegisterLockedError } from './errors.ts';
import { PUBLIC, replaceFile } from './files.ts';

const instant = z.iso.datetime().transform((text) => new Date(text));

const credentialSchema = z.strictObject({
  /** the user's NKEY; the private half exists in the member's credentials file alone */
  publicKey: z.string(),
  issued: instant,
  expires: instant,
  revoked: instant.nullable(),
});

const memberSchema = z.strictObject({
  role: z.enum(['hub', 'site', 'system']),
  /** runs it may take part in; `*` is every run */
  runs: z.array(z.string()).min(1),
  /** oldest first; those that have expired are forgotten, but for the last */
  credentials: z.array(credentialSchema).min(1),
});

const registerSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  addresses: z.strictObject({
    servers: z.array(z.string()).min(1),
    hosts: z.array(z.string()).min(1),
    port: z.int(),
    websocketPort: z.int().nullable(),
    leaf: z.string(),
    leafPort: z.int(),
  }),
  tls: z.strictObject({
    /** of the server, as nats-server finds it from its folder */
    certificate: z.string(),
    key: z.string(),
    /** Private: made here; Given: the user's own, to be trusted by members; Public: one that every system trusts */
    authority: z.enum(['Private', 'Given', 'Public']),
    /** clients show a certificate, too */
    mutual: z.boolean(),
  }),
  operatorJwt: z.string(),
  /** public keys; the private halves are thrown away at the start, since every signature is another key's */
  accounts: z.strictObject({ train: z.string(), system: z.string() }),
  members: z.record(z.string(), memberSchema),
});

/** Who has been admitted to a federation: no secrets. Every file of the server follows from it and from the signing keys. */
export type Register = z.infer<typeof registerSchema>;
export type Member = z.infer<typeof memberSchema>;
export type Credential = z.infer<typeof credentialSchema>;
export type Role = Member['role'];

/** @throws FederationMissingError, RegisterDamagedError */
export async function readRegister(directory: string): Promise<Register> {
  const file = registerFile(directory);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
      ? new FederationMissingError(directory, { cause })
      : new RegisterDamagedError(file, `it cannot be read: ${cause.code}`, { cause });
  });
  try {
    return registerSchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : 'it is no JSON';
    throw new RegisterDamagedError(file, why, { cause });
  }
}

export async function writeRegister(directory: string, register: Register): Promise<void> {
  await replaceFile(registerFile(directory), `${JSON.stringify(register, null, 2)}\n`, PUBLIC);
}

/**
 * Gives `change` the register, alone: two commands at once cannot lose each other's revocations. `change` writes it itself, when it must.
 *
 * @throws RegisterLockedError, and what readRegister throws
 */
export async function withRegister<T>(directory: string, change: (register: Register) => Promise<T>): Promise<T> {
  await readRegister(directory);
  const lock = `${registerFile(directory)}.lock`;
  await writeFile(lock, `${process.pid}\n`, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new RegisterLockedError(lock) : cause;
  });
  try {
    return await change(await readRegister(directory));
  } finally {
    await rm(lock, { force: true });
  }
}

const registerFile = (directory: string) => join(directory, 'federation.json');
