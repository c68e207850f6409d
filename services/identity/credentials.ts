import { createUser, encodeUser, fmtCreds } from '@nats-io/jwt';
import type { Credential, Register, Role } from './register.ts';
import { ROLES, tagsOf } from './roles.ts';
import type { SigningKeys } from './signing-keys.ts';

/** New credentials with a key of their own: the record for the register, and the text of the .creds file. */
export async function issueCredentials(
  member: { readonly name: string; readonly role: Role; readonly runs: readonly string[] },
  lifetimeSeconds: number,
  { accounts }: Register,
  keys: SigningKeys,
  now: Date,
): Promise<{ credential: Credential; creds: string }> {
  const { name, role, runs } = member;
  const user = createUser();
  const exp = Math.floor(now.getTime() / 1000) + lifetimeSeconds;
  // a scoped key's users carry no permissions: the server takes the role's
  const claims = { issuer_account: accounts[ROLES[role].account], tags: tagsOf(role, name, runs) };
  const jwt = await encodeUser(name, user, keys[role], claims, { scopedUser: true, exp });
  return {
    credential: { publicKey: user.getPublicKey(), issued: now, expires: new Date(exp * 1000), revoked: null },
    creds: new TextDecoder().decode(fmtCreds(jwt, user)),
  };
}
