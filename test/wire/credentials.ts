import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createAccount, createOperator, createUser, encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt';
import type { Permissions } from '#wire';

/** An operator with one account, for servers under test. */
export interface Issuer {
  /** lines for nats-server.conf */
  readonly config: string;
  /** Writes a .creds file (over an older one of the same name) and returns its path. */
  issue(name: string, permissions: Permissions, seconds?: number): Promise<string>;
}

export async function anIssuer(t: TestContext): Promise<Issuer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'creds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [operator, account] = [createOperator(), createAccount()];
  const unlimited = { conn: -1, leaf: -1, subs: -1, data: -1, payload: -1, wildcards: true };
  const accountJwt = await encodeAccount('train', account, { limits: unlimited }, { signer: operator });
  return {
    config: [
      `operator: ${await encodeOperator('test', operator)}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join('\n'),
    issue: async (name, { publish, subscribe }, seconds) => {
      const user = createUser();
      const allowed = { pub: { allow: [...publish], deny: [] }, sub: { allow: [...subscribe], deny: [] } };
      const jwt = await encodeUser(
        name,
        user,
        account,
        allowed,
        seconds === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + seconds },
      );
      const file = path.join(folder, `${name}.creds`);
      writeFileSync(file, fmtCreds(jwt, user));
      return file;
    },
  };
}
