import { encodeAccount, encodeOperator } from '@nats-io/jwt';
import type { KeyPair } from '@nats-io/nkeys';
import type { Register, Role } from './register.ts';
import { type AccountName, ROLES, scopeOf } from './roles.ts';
import type { SigningKeys } from './signing-keys.ts';

/** The operator's JWT: servers trust accounts that the signing key signs. */
export function operatorJwt(name: string, operator: KeyPair, signingKey: KeyPair, systemAccount: string): Promise<string> {
  return encodeOperator(name, operator, { signing_keys: [signingKey.getPublicKey()], system_account: systemAccount });
}

/** An account's JWT: its roles, its limits, and who of it is revoked. No imports or exports, no JetStream, no bearer tokens. */
export function accountJwt(account: AccountName, register: Register, keys: SigningKeys, now: Date): Promise<string> {
  const roles = (Object.keys(ROLES) as Role[]).filter((role) => ROLES[role].account === account);
  return encodeAccount(
    `${register.name}-${account}`,
    register.accounts[account],
    {
      signing_keys: roles.map((role) => scopeOf(role, keys[role].getPublicKey())),
      revocations: revocationsOf(account, register, now),
      limits: { conn: -1, leaf: -1, subs: -1, data: -1, payload: -1, imports: 0, exports: 0, wildcards: true, disallow_bearer: true },
    },
    { signer: keys.accounts },
  );
}

/**
 * Revoked keys of an account, each with the second until which what was issued to it is void. Expired ones need no revocation: the account's JWT
 * stays small.
 */
export function revocationsOf(account: AccountName, { members }: Register, now: Date): Record<string, number> {
  const revoked = Object.values(members)
    .filter(({ role }) => ROLES[role].account === account)
    .flatMap(({ credentials }) => credentials)
    .flatMap(({ publicKey, expires, revoked }) => (revoked && expires > now ? [{ publicKey, revoked }] : []));
  return Object.fromEntries(revoked.map(({ publicKey, revoked }) => [publicKey, Math.ceil(revoked.getTime() / 1000)]));
}
