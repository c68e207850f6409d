import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revocationsOf } from './accounts.ts';
import type { Credential, Register, Role } from './register.ts';

const NOW = new Date('2026-01-10T00:00:00Z');

test('an account revokes what was taken back and has not expired by itself, in its own roles', () => {
  const register = aRegister({
    valid: ['site', aCredential('U1', '2026-02-01')],
    revoked: ['site', aCredential('U2', '2026-02-01', '2026-01-05T00:00:00.400Z'), aCredential('U3', '2026-01-20', '2026-01-05T00:00:00Z')],
    expired: ['site', aCredential('U4', '2026-01-09', '2026-01-05T00:00:00Z')],
    hub: ['hub', aCredential('U5', '2026-02-01', '2026-01-06T00:00:00Z')],
    system: ['system', aCredential('U6', '2026-02-01', '2026-01-07T00:00:00Z')],
  });
  const second = (text: string) => Date.parse(text) / 1000;
  assert.deepEqual(revocationsOf('train', register, NOW), {
    U2: second('2026-01-05T00:00:01Z'),
    U3: second('2026-01-05T00:00:00Z'),
    U5: second('2026-01-06T00:00:00Z'),
  });
  assert.deepEqual(revocationsOf('system', register, NOW), { U6: second('2026-01-07T00:00:00Z') });
});

function aCredential(publicKey: string, expires: string, revoked?: string): Credential {
  return { publicKey, issued: new Date('2026-01-01'), expires: new Date(expires), revoked: revoked ? new Date(revoked) : null };
}

function aRegister(members: Record<string, [Role, ...Credential[]]>): Register {
  return {
    version: 1,
    name: 'trial',
    addresses: { servers: ['tls://h:4222'], hosts: ['h'], port: 4222, websocketPort: null, leaf: 'tls://h:7422', leafPort: 7422 },
    tls: { certificate: 'server.pem', key: 'server.key', authority: 'Private', mutual: false },
    operatorJwt: '',
    accounts: { train: 'A1', system: 'A2' },
    members: Object.fromEntries(
      Object.entries(members).map(([name, [role, ...credentials]]) => [name, { role, runs: ['*'], credentials }]),
    ),
  };
}
