import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { credsAuthenticator, headers } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { anIssuer, type Issuer } from '../../../test/wire/credentials.ts';
import { aNatsServer, freePort, NATS_SERVERS, WITHOUT_NATS } from '../../../test/wire/nats-server.ts';
import { aHello, aWelcome, aWork, forever, SITE, serve } from '../a-federation.ts';
import { type Draft, openEnvelope, packEnvelope } from '../envelope.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { helloDraft } from '../membership.ts';
import { PROTOCOL } from '../messages.ts';
import { aNatsHub, aNatsSite } from './a-nats-federation.ts';
import { hubPermissions, sitePermissions } from './subjects.ts';

const skip = WITHOUT_NATS;
const B = 'hospital-b';

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name} - a site behind a leaf node that has the site's permissions, no more`, { skip: missing }, async (t) => {
    const issuer = await anIssuer(t);
    const leafPort = await freePort();
    const server = await aNatsServer(t, { binary, config: `${issuer.config}\nleafnodes { host: 127.0.0.1, port: ${leafPort} }` });
    const credentials = await issuer.issue('leaf', sitePermissions('nuclei', SITE));
    const remote = `{ url: "nats-leaf://127.0.0.1:${leafPort}", credentials: ${JSON.stringify(credentials)} }`;
    const leaf = await aNatsServer(t, { binary, config: `leafnodes { remotes: [ ${remote} ] }` });
    const hub = await aNatsHub(t, { servers: server.url, credentialsFile: await issuer.issue('hub', hubPermissions('nuclei')) }, [SITE, B]);
    hub.onJoin(async () => aWelcome());
    for (const [site, options] of [
      [SITE, { servers: leaf.url, timing: { absence: 10_000, probe: 50, longestProbe: 200 } }],
      [B, { servers: server.url, credentialsFile: await issuer.issue('b', sitePermissions('nuclei', B)) }],
    ] as const) {
      const channel = await aNatsSite(t, options, site);
      serve(channel);
      await channel.join(aHello({ site }), forever());
      await channel.sendConditions({ size: 16, maps: [{ key: 'k', classes: new Uint8Array(256) }] }, forever());
      assert.equal((await hub.exchange(site, aWork(1), forever())).iteration, 1);
      assert.deepEqual(await hub.control(site, { kind: 'stop', reason: '' }, forever()), { kind: 'stop' });
    }
  });
}

test('a leaf link that breaks and comes back without either end noticing - the exchange is completed', { skip }, async (t) => {
  const leafPort = await freePort();
  const hubServer = { config: `leafnodes { host: 127.0.0.1, port: ${leafPort} }` };
  const server = await aNatsServer(t, hubServer);
  const leafConfig = { config: `leafnodes { reconnect: 1, remotes: [ { url: "nats-leaf://127.0.0.1:${leafPort}" } ] }` };
  const leaf = await aNatsServer(t, leafConfig);
  const timing = { absence: 10_000, probe: 50, longestProbe: 200 };
  const hub = await aNatsHub(t, { servers: server.url, timing });
  hub.onJoin(async () => aWelcome());
  const a = await aNatsSite(t, { servers: leaf.url, timing });
  serve(a);
  await a.join(aHello(), forever());
  await server.stop('SIGKILL');
  const exchange = hub.exchange(SITE, aWork(0), forever());
  await sleep(100);
  await server.restart();
  assert.equal((await exchange).iteration, 0);
});

test('over WebSocket', { skip }, async (t) => {
  const port = await freePort();
  const server = await aNatsServer(t, { config: `websocket { host: 127.0.0.1, port: ${port}, no_tls: true }` });
  const hub = await aNatsHub(t, { servers: server.url });
  hub.onJoin(async () => aWelcome());
  const a = await aNatsSite(t, { servers: `ws://127.0.0.1:${port}` });
  serve(a);
  await a.join(aHello(), forever());
  for (let i = 0; i < 3; i++) assert.equal((await hub.exchange(SITE, aWork(i), forever())).iteration, i);
});

test('a site cannot speak for another one - not by subject, not by payload, and its answers go to itself', { skip }, async (t) => {
  const issuer = await anIssuer(t);
  const { url: servers } = await aNatsServer(t, { config: issuer.config });
  const joined: string[] = [];
  const hub = await aNatsHub(t, { servers, credentialsFile: await issuer.issue('hub', hubPermissions('nuclei')) }, [SITE, B]);
  hub.onJoin(async ({ site }) => {
    joined.push(site);
    return aWelcome();
  });
  const b = await aRawSite(servers, issuer, B);
  const violations: string[] = [];
  t.after(() => b.close());
  void (async () => {
    for await (const status of b.status()) if (status.type === 'error') violations.push(status.error.message);
  })();
  const inbox: { subject: string; code: string }[] = [];
  b.subscribe(`asyndgan.v1.nuclei.welcome.${B}.ctl`, {
    callback: (_error, { subject, data }) => {
      if (data.length > 0) inbox.push({ subject, code: codeOf(data) });
    },
  });
  const say = (id: number, subject: string, draft: Draft, site: string, reply?: string) => {
    const fields = headers();
    fields.set('Asyndgan-Kind', 'request');
    fields.set('Asyndgan-Id', `raw-${id}`);
    const bytes = packEnvelope({ protocol: PROTOCOL, run: 'nuclei', site, epoch: 0 }, draft, DEFAULT_LIMITS);
    b.publish(`asyndgan.v1.nuclei.${subject}`, bytes, { headers: fields, ...(reply && { reply }) });
  };
  const hello = helloDraft(aHello());
  say(1, `hello.${SITE}`, hello, SITE);
  say(2, `hello.${B}`, hello, SITE);
  say(3, `hello.${B}`, hello, B, `asyndgan.v1.nuclei.work.${SITE}.1`);
  say(4, 'hello', hello, B);
  while (inbox.length < 2) await sleep(10);
  assert.deepEqual(
    inbox.map(({ code }) => code),
    ['WIRE_MISMATCH', 'welcome'],
  );
  assert.deepEqual(joined, [B]);
  assert.equal(violations.filter((message) => /Publish to "asyndgan\.v1\.nuclei\.hello(\.hospital-a)?"/.test(message)).length, 2);
});

/** A connection with a site's credentials and none of its manners. */
async function aRawSite(servers: string, issuer: Issuer, site: string) {
  const credentials = readFileSync(await issuer.issue(site, sitePermissions('nuclei', site)));
  return connect({ servers, authenticator: credsAuthenticator(credentials) });
}

function codeOf(bytes: Uint8Array): string {
  const { header } = openEnvelope(bytes, DEFAULT_LIMITS, PROTOCOL);
  return header.type === 'error' ? header.code : header.type;
}
