import { join } from 'node:path';
import { writeBundle } from './bundle.ts';
import { issueCredentials } from './credentials.ts';
import { FileTakenError, MemberExistsError, MemberRevokedError, MemberUnknownError } from './errors.ts';
import { bundleFolder, writeAccounts } from './federation-folder.ts';
import { isFree } from './files.ts';
import { checkName, checkSiteName, parseLifetime } from './names.ts';
import { type Member, type Register, type Role, readRegister, withRegister, writeRegister } from './register.ts';
import { ROLES } from './roles.ts';
import { readSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface Enrolled {
  /** folder to give to the member */
  readonly folder: string;
  readonly expires: Date;
}

export interface EnrolOptions {
  readonly directory: string;
  readonly name: string;
  /** names of runs; `*` is every run */
  readonly runs: readonly string[];
  /** such as `12h`; 30d if absent */
  readonly expires: string | undefined;
  /** folder for the bundle; DIRECTORY/bundles/NAME if absent */
  readonly folder: string | undefined;
}

/**
 * Admits a site: credentials for its own subjects, in a folder to hand to the hospital.
 *
 * @throws NameInvalidError, LifetimeInvalidError, MemberExistsError, FileTakenError, KeyMissingError, and what withRegister throws
 */
export async function enrolSite({ directory, name, runs, expires, folder }: EnrolOptions, now: Date): Promise<Enrolled> {
  checkSiteName(name);
  const lifetime = parseLifetime(expires ?? ROLES.site.lifetime);
  for (const run of runs) if (run !== '*') checkName('the run', run);
  const into = folder ?? bundleFolder(directory, name);
  return withRegister(directory, async (register) => {
    const before = register.members[name];
    if (before && !isRevoked(before)) throw new MemberExistsError(name);
    const renewal = before !== undefined && folder === undefined;
    if (!renewal && !(await isFree(into))) throw new FileTakenError(join(into, `${name}.creds`));
    const keys = await readSigningKeys(directory);
    return admit(directory, register, keys, { name, role: 'site', runs, lifetime, folder: into, renewal }, now);
  });
}

export interface RenewOptions {
  readonly directory: string;
  readonly name: string;
  /** such as `12h`; if absent 30d, or 365d for hub and system */
  readonly expires: string | undefined;
  readonly folder: string | undefined;
}

/**
 * New credentials, with a new key, for a member (a site, `hub` or `system`). The old ones hold until they expire, so that a running member has time to
 * take over the new files, which it reads at its next connection.
 *
 * @throws MemberUnknownError, MemberRevokedError, LifetimeInvalidError, KeyMissingError, and what withRegister throws
 */
export async function renew({ directory, name, expires, folder }: RenewOptions, now: Date): Promise<Enrolled> {
  return withRegister(directory, async (register) => {
    const member = memberOf(register, name);
    if (isRevoked(member)) throw new MemberRevokedError(name);
    const { role, runs } = member;
    const lifetime = parseLifetime(expires ?? ROLES[role].lifetime);
    const into = folder ?? bundleFolder(directory, name);
    const keys = await readSigningKeys(directory);
    return admit(directory, register, keys, { name, role, runs, lifetime, folder: into, renewal: !(await isFree(into)) }, now);
  });
}

/**
 * Takes back all credentials of a member, in the register and in the server's configuration. May be repeated. No federation is without hub and system:
 * they get new credentials at once, in their usual folder.
 *
 * @returns the JWT of the member's account as now signed, for pushAccount
 * @throws MemberUnknownError, KeyMissingError, and what withRegister throws
 */
export async function revoke(directory: string, name: string, now: Date): Promise<string> {
  return withRegister(directory, async (register) => {
    const member = memberOf(register, name);
    const { role, runs } = member;
    const credentials = member.credentials.map((each) => ({ ...each, revoked: each.revoked ?? now }));
    const keys = await readSigningKeys(directory);
    const changed = { ...register, members: { ...register.members, [name]: { ...member, credentials } } };
    await writeRegister(directory, changed);
    const jwts = await writeAccounts(directory, changed, keys, now);
    if (role !== 'site') {
      const lifetime = parseLifetime(ROLES[role].lifetime);
      const folder = bundleFolder(directory, name);
      await admit(directory, changed, keys, { name, role, runs, lifetime, folder, renewal: true }, now);
    }
    return jwts[ROLES[role].account];
  });
}

export interface MemberState {
  readonly name: string;
  readonly role: Role;
  readonly runs: readonly string[];
  readonly expires: Date;
  readonly state: 'valid' | 'expired' | 'revoked';
}

/** Everybody who has been admitted, by name. @throws what readRegister throws */
export async function listMembers(directory: string, now: Date): Promise<MemberState[]> {
  const { members } = await readRegister(directory);
  return Object.entries(members)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => {
      const { expires } = member.credentials.at(-1)!;
      const state = isRevoked(member) ? 'revoked' : expires <= now ? 'expired' : 'valid';
      return { name, role: member.role, runs: member.runs, expires, state };
    });
}

interface Admission {
  readonly name: string;
  readonly role: Role;
  readonly runs: readonly string[];
  /** seconds */
  readonly lifetime: number;
  readonly folder: string;
  readonly renewal: boolean;
}

/** Records the new key before the file with it exists: what is not in the register cannot be revoked. */
export async function admit(directory: string, register: Register, keys: SigningKeys, admission: Admission, now: Date): Promise<Enrolled> {
  const { name, role, runs, lifetime, folder, renewal } = admission;
  const { credential, creds } = await issueCredentials({ name, role, runs }, lifetime, register, keys, now);
  const before = register.members[name]?.credentials.filter(({ expires }) => expires > now) ?? [];
  register.members[name] = { role, runs: [...runs], credentials: [...before, credential] };
  await writeRegister(directory, register);
  await writeBundle(directory, folder, register, name, creds, renewal);
  return { folder, expires: credential.expires };
}

function memberOf({ members }: Register, name: string): Member {
  const member = Object.hasOwn(members, name) ? members[name] : undefined;
  if (!member) throw new MemberUnknownError(name, Object.keys(members).sort());
  return member;
}

const isRevoked = ({ credentials }: Pick<Member, 'credentials'>) => credentials.at(-1)!.revoked !== null;
