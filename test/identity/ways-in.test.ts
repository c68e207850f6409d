/** The ways from a hospital to the hub: leaf node, client certificates, WebSocket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { wsconnect } from '@nats-io/nats-core';
import { pushAccount, renewServerCertificate, revoke } from '#identity';
import { NATS_SERVERS } from '../wire/nats-server.ts';
import { connectionOf, eventually, listen, RUN, startFederation, type TestFederation } from './a-federation.ts';

const TENSOR = new Uint8Array(2e6).fill(7);

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name}: a leaf node carries its own site's messages and no other's`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    await checkLeaf(federation, await federation.enrol('a'), await federation.enrol('b'));
  });

  test(`${name}: a leaf node over WebSocket does, too`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const overWebSocket = (config: string) => config.replace(/"tls:[^"]*"/, `"${federation.websocketUrl}"`);
    await checkLeaf(federation, await federation.enrol('a'), await federation.enrol('b'), overWebSocket);
  });

  test(`${name}: a revocation cuts the leaf node off`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const { server, url } = await federation.leaf(await federation.enrol('a'));
    const hub = await federation.client(federation.bundle('hub'));
    const behindLeaf = await federation.plainClient(url);
    const heard = await listen(hub, `${RUN}.feedback.a.*`);
    await eventually('the link', async () => {
      behindLeaf.publish(`${RUN}.feedback.a.1`, 'before');
      await behindLeaf.flush();
      return heard.messages.length > 0;
    });
    await pushAccount(federation.directory, federation.url, await revoke(federation.directory, 'a', new Date()));
    await eventually('the end of the link', () => /revoked|Authorization Violation/i.test(server.log()));
    await hub.flush();
    const before = heard.messages.length;
    behindLeaf.publish(`${RUN}.feedback.a.2`, 'after');
    await behindLeaf.flush();
    await hub.flush();
    assert.equal(heard.messages.length, before);
  });

  test(`${name}: a member speaks to no server that its authority has not signed, and the server to nobody in the clear`, {
    skip: missing,
  }, async (t) => {
    const [federation, other] = [await startFederation(t, binary), await startFederation(t, binary)];
    const bundle = await federation.enrol('a');
    await assert.rejects(federation.client(bundle, { servers: other.url, reconnect: false }), /certificate/);
    await assert.rejects(federation.client(bundle, { tls: null, reconnect: false }));
  });

  test(`${name}: with mTLS, credentials alone do not open the door`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary, { mutualTls: true });
    const bundle = await federation.enrol('a');
    const { certFile: _, keyFile: __, ...withoutCertificate } = connectionOf(bundle).tls ?? {};
    await assert.rejects(federation.client(bundle, { tls: withoutCertificate, reconnect: false }));
    await (await federation.client(bundle)).flush();
    await checkLeaf(federation, bundle, await federation.enrol('b'));
    const bare = await federation.enrol('c');
    await rm(join(bare, 'client.pem'));
    await assert.rejects(federation.leaf(bare), /client\.pem/);
    const account = await revoke(federation.directory, 'a', new Date());
    await pushAccount(federation.directory, federation.url, account); // with the certificate of the member system
  });

  test(`${name}: sites speak over WebSocket, within the same limits`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const bundle = await federation.enrol('a');
    await trustAuthorityOf(t, federation);
    const a = await wsconnect({ ...connectionOf(bundle), servers: federation.websocketUrl, tls: null, reconnect: false });
    t.after(() => a.close());
    const hub = await federation.client(federation.bundle('hub'));
    const atHub = await listen(hub, `${RUN}.feedback.*.*`);
    const atA = await listen(a, `${RUN}.work.a.*`, `${RUN}.work.b.*`);
    a.publish(`${RUN}.feedback.b.1`, 'forged');
    a.publish(`${RUN}.feedback.a.1`, 'honest');
    hub.publish(`${RUN}.work.a.1`, 'work');
    await eventually('messages', () => atHub.messages.length > 0 && atA.messages.length > 0);
    assert.deepEqual(atHub.messages, [`${RUN}.feedback.a.1 honest`]);
    assert.deepEqual(atA.refusals, [`${RUN}.work.b.*: PermissionViolationError`]);
  });

  test(`${name}: a running server takes its renewed certificate at a reload, and members trust it as before`, {
    skip: missing,
  }, async (t) => {
    const federation = await startFederation(t, binary);
    const hub = federation.bundle('hub');
    const before = await serialNumber(federation);
    await renewServerCertificate(federation.directory);
    federation.reloadServer();
    await eventually('the new certificate', async () => (await serialNumber(federation)) !== before);
    await (await federation.client(hub)).flush();
  });
}

/** Through a's leaf node: a tensor goes down and its answer up; b's messages neither pass down, nor can they be forged upwards. */
async function checkLeaf(
  federation: TestFederation,
  bundleOfA: string,
  bundleOfB: string,
  change?: (config: string) => string,
): Promise<void> {
  const { url } = await federation.leaf(bundleOfA, change);
  const hub = await federation.client(federation.bundle('hub'));
  const b = await federation.client(bundleOfB);
  const behindLeaf = await federation.plainClient(url);
  // one subscription for each site: nats-server 2.9 does not carry a subscription that is wider than the leaf's permissions
  const atHub = await listen(hub, ...['a', 'b'].map((site) => `${RUN}.feedback.${site}.*`));
  const atB = await listen(b, `${RUN}.control.b`);
  const atA = await listen(
    behindLeaf,
    ...['control.a', 'control.b', 'work.b.*', 'welcome.b.*', 'feedback.b.*'].map((subject) => `${RUN}.${subject}`),
  );
  behindLeaf.subscribe(`${RUN}.work.a.*`, {
    callback: (_error, message) => behindLeaf.publish(message.reply ?? '', String(message.data.length)),
  });
  await behindLeaf.flush();
  await eventually('an answer through the leaf node', async () => {
    hub.publish(`${RUN}.work.a.1`, TENSOR, { reply: `${RUN}.feedback.a.1` });
    await hub.flush();
    return atHub.messages.length > 0;
  });
  hub.publish(`${RUN}.work.b.1`, 'for b');
  b.publish(`${RUN}.feedback.b.7`, 'of b');
  await b.flush();
  for (const site of ['a', 'b']) hub.publish(`${RUN}.control.${site}`, 'honest');
  const isHonest = (message: string) => message.endsWith(' honest');
  await eventually("the hub's last message", () => atA.messages.some(isHonest) && atB.messages.some(isHonest));
  for (const subject of ['feedback.b.1', 'control.b', 'welcome.b.ctl']) behindLeaf.publish(`${RUN}.${subject}`, 'forged');
  behindLeaf.publish(`${RUN}.feedback.a.2`, 'last');
  await eventually('the last message', () => atHub.messages.at(-1)?.endsWith('last') ?? false);
  await b.flush();
  assert.deepEqual(atB.messages, [`${RUN}.control.b honest`]);
  assert.deepEqual(
    new Set(atHub.messages),
    new Set([`${RUN}.feedback.b.7 of b`, `${RUN}.feedback.a.1 ${TENSOR.length}`, `${RUN}.feedback.a.2 last`]),
  );
  const notForged = atA.messages.filter((message) => !message.endsWith('forged')); // its own forgeries it hears at its own server
  assert.deepEqual(notForged, [`${RUN}.control.a honest`]);
}

/** Node's WebSocket has no option for an authority: the process must trust it. */
async function trustAuthorityOf(t: TestContext, federation: TestFederation): Promise<void> {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, await readFile(join(federation.directory, 'server', 'ca.pem'), 'utf8')]);
  t.after(() => setDefaultCACertificates(before));
}

/** Of the certificate that the server shows; its first line comes before the TLS handshake. */
async function serialNumber({ url }: TestFederation): Promise<string> {
  const socket = connectSocket(Number(new URL(url).port), 'localhost');
  await once(socket, 'data');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const { serialNumber } = secure.getPeerCertificate();
  secure.destroy();
  return serialNumber;
}
