/** Credentials that expire, are renewed and are revoked while everything runs. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NatsConnection } from '@nats-io/transport-node';
import { pushAccount, renew, revoke } from '#identity';
import { NATS_SERVERS } from '../wire/nats-server.ts';
import { eventually, listen, RUN, startFederation, type TestFederation } from './a-federation.ts';

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name}: expired credentials are refused, and a renewed file is taken over without a restart`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const bundle = await federation.enrol('a', { expires: '2s' });
    const expires = Date.now() + 2000;
    const a = await federation.client(bundle);
    const hub = await federation.client(federation.bundle('hub'));
    const seen = statusOf(a);
    const heard = await listen(a, `${RUN}.control.a`);
    await eventually('the end of the connection', () => seen.includes('disconnect'));

    const old = join(federation.directory, 'old');
    await cp(bundle, old, { recursive: true });
    await eventually('the end of the second in which they expire', () => Date.now() > expires + 1000);
    await assertRefused(federation, old);

    await renew({ directory: federation.directory, name: 'a', expires: '1h', folder: undefined }, new Date());
    await eventually('a message after the return', async () => {
      hub.publish(`${RUN}.control.a`, 'welcome back');
      await hub.flush();
      return heard.messages.length > 0;
    });
    await assertRefused(federation, old);
  });

  test(`${name}: a pushed revocation disconnects the site at once, and no other`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const [bundleOfA, bundleOfB] = [await federation.enrol('a'), await federation.enrol('b')];
    const [a, b] = [await federation.client(bundleOfA, { reconnect: false }), await federation.client(bundleOfB)];
    const seenByB = statusOf(b);

    await pushAccount(federation.directory, federation.url, await revoke(federation.directory, 'a', new Date()));
    await eventually('the end of the connection', () => a.isClosed());
    await assertRefused(federation, bundleOfA);
    await b.flush();
    assert.equal(seenByB.length, 0, seenByB.join());

    await federation.restartServer();
    await assertRefused(federation, bundleOfA);
    await eventually('the return of b', () => seenByB.includes('reconnect'));
  });

  test(`${name}: a revocation that could not be pushed holds from the server's next start`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const bundle = await federation.enrol('a');
    const account = await revoke(federation.directory, 'a', new Date());
    await assert.rejects(pushAccount(federation.directory, 'tls://localhost:1', account), { code: 'IDENTITY_PUSH', retryable: true });
    await (await federation.client(bundle)).close(); // nobody has told the server yet
    await federation.restartServer();
    await assertRefused(federation, bundle);
  });

  test(`${name}: a revocation takes back renewed and earlier credentials alike, and a site may be admitted again`, {
    skip: missing,
  }, async (t) => {
    const federation = await startFederation(t, binary);
    const { directory } = federation;
    const first = join(directory, 'first');
    await cp(await federation.enrol('a'), first, { recursive: true });
    const second = join(directory, 'second');
    await renew({ directory, name: 'a', expires: '1h', folder: second }, new Date());
    for (const folder of [first, second]) await (await federation.client(folder)).close();

    await pushAccount(directory, federation.url, await revoke(directory, 'a', new Date()));
    const admitted = await federation.enrol('a');
    for (const folder of [first, second]) await assertRefused(federation, folder);
    await (await federation.client(admitted)).flush();
  });

  test(`${name}: revoking hub and system replaces their credentials`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const { directory, url } = federation;
    for (const role of ['hub', 'system']) {
      const stolen = join(directory, `stolen-${role}`);
      await cp(federation.bundle(role), stolen, { recursive: true });
      const thief = await federation.client(stolen, { reconnect: false });
      await pushAccount(directory, url, await revoke(directory, role, new Date()));
      await eventually('the end of the connection', () => thief.isClosed());
      await assertRefused(federation, stolen);
      await (await federation.client(federation.bundle(role))).flush();
    }
  });
}

const assertRefused = (federation: TestFederation, bundle: string) =>
  assert.rejects(federation.client(bundle, { reconnect: false }), /Authorization Violation|Expired|Revoked/i);

/** The kinds of events on a connection, as they happen. */
function statusOf(client: NatsConnection): readonly string[] {
  const seen: string[] = [];
  void (async () => {
    for await (const { type } of client.status()) if (type !== 'ping' && type !== 'update') seen.push(type);
  })();
  return seen;
}
