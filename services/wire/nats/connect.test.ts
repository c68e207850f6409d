import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { anAuthority, WITHOUT_OPENSSL } from '../../../test/wire/certificates.ts';
import { anIssuer } from '../../../test/wire/credentials.ts';
import { aNatsServer, freePort, WITHOUT_NATS } from '../../../test/wire/nats-server.ts';
import { aHello, aWelcome, aWork, forever, SITE } from '../a-federation.ts';
import { aNatsFederation, aNatsHub, aNatsSite } from './a-nats-federation.ts';
import { Backoff } from './backoff.ts';
import { natsSite } from './channel.ts';
import type { NatsStatus } from './line.ts';
import { hubPermissions, sitePermissions } from './subjects.ts';

const skip = WITHOUT_NATS;
const site = { run: 'nuclei', site: SITE };

test('no server - unreachable after the given time, and the attempts can be ended before', async () => {
  const servers = `nats://127.0.0.1:${await freePort()}`;
  const start = performance.now();
  await assert.rejects(natsSite({ ...site, servers, connectSeconds: 0.3 }, forever()), {
    ...{ code: 'WIRE_NATS_UNREACHABLE', retryable: true },
    message: /127\.0\.0\.1:\d+ does not answer \(.*ECONNREFUSED.*is it running/,
  });
  assert.ok(performance.now() - start >= 300);
  const reason = new Error('Ctrl-C');
  const abort = AbortSignal.abort(reason);
  await assert.rejects(natsSite({ ...site, servers }, abort), (error) => error === reason);
  await assert.rejects(natsSite({ ...site, servers }, AbortSignal.timeout(50)), { name: 'TimeoutError' });
});

test('a server that comes up later is found', { skip }, async (t) => {
  const port = await freePort();
  const connecting = aNatsSite(t, { servers: `nats://127.0.0.1:${port}` });
  await sleep(200);
  await aNatsServer(t, { port });
  await connecting;
});

test('max_payload below what the experiment needs - refused, with the line for nats-server.conf', { skip }, async (t) => {
  const { url: servers } = await aNatsServer(t, { config: 'max_payload: 1MB' });
  await assert.rejects(natsSite({ ...site, servers }, forever()), {
    code: 'WIRE_NATS_LIMIT',
    message: /1048576 bytes.*`max_payload: 8MB`.*write_deadline: "120s"/,
  });
  const channel = await natsSite({ ...site, servers, largestMessageBytes: 1_000_000 }, forever());
  await channel.close();
});

test('a message beyond max_payload - refused where it is made; an answer is reported to who waits for it', { skip }, async (t) => {
  const { url } = await aNatsServer(t, { config: 'max_payload: 64KB' });
  const options = { largestMessageBytes: 50_000 };
  const fakes = { shape: [2, 64, 64, 3], data: Float32Array.from({ length: 24_576 }, (_, i) => Math.sin(i * i)) };
  const { hub } = await aNatsFederation(t, url, {
    hubOptions: options,
    siteOptions: options,
    welcome: { codecs: { images: 'UInt8', feedback: 'Float32' } },
    handlers: {
      work: async (work) => ({
        ...{
          iteration: work.iteration,
          generatorVersion: work.generatorVersion,
          gradient: fakes,
          losses: {},
          seconds: 0,
          snapshotTaken: false,
        },
      }),
    },
  });
  await assert.rejects(hub.exchange(SITE, aWork(0, { fakes }), forever()), { code: 'WIRE_NATS_LIMIT', message: /answer of hospital-a/ });
  const weights = [{ name: 'w', shape: [24_576], data: fakes.data.map((value) => value / 3) }];
  await assert.rejects(
    hub.control(SITE, { kind: 'evaluate', segmenter: {}, weights: [...weights, { ...weights[0]!, name: 'x' }] }, forever()),
    {
      code: 'WIRE_NATS_LIMIT',
      message: /max_payload/,
    },
  );
});

test('credentials - exactly the permitted subjects are enough for the whole protocol', { skip }, async (t) => {
  const issuer = await anIssuer(t);
  const { url } = await aNatsServer(t, { config: issuer.config });
  const refused: NatsStatus[] = [];
  const onStatus = (status: NatsStatus) => void refused.push(status);
  const { hub, a } = await aNatsFederation(t, url, {
    hubOptions: { credentialsFile: await issuer.issue('hub', hubPermissions('nuclei')), onStatus },
    siteOptions: { credentialsFile: await issuer.issue('a', sitePermissions('*', SITE)), onStatus },
  });
  await a.sendConditions({ size: 16, maps: [{ key: 'k', classes: new Uint8Array(256) }] }, forever());
  await hub.exchange(SITE, aWork(0), forever());
  await hub.control(SITE, { kind: 'stop', reason: '' }, forever());
  const large = { name: 'w', shape: [50_000], data: Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i * i)) };
  await assert.rejects(hub.control(SITE, { kind: 'evaluate', segmenter: {}, weights: [large] }, forever()), { code: 'WIRE_MISMATCH' });
  assert.deepEqual(refused, []);
});

test('credentials - a file that is none, that the server refuses, or that has expired ends the first attempt', { skip }, async (t) => {
  const [issuer, other] = [await anIssuer(t), await anIssuer(t)];
  const { url: servers } = await aNatsServer(t, { config: issuer.config });
  const allowed = sitePermissions('nuclei', SITE);
  const noCredentials = await issuer.issue('none', allowed);
  writeFileSync(noCredentials, 'hello');
  const cases: [string | undefined, RegExp][] = [
    [undefined, /refuses connections without credentials/],
    ['/nonexistent/site.creds', /\/nonexistent\/site\.creds cannot be read/],
    [noCredentials, /none\.creds holds no NATS credentials/],
    [await other.issue('foreign', allowed), /foreign\.creds.*Authorization Violation.*expired or were revoked/],
    [await issuer.issue('old', allowed, -10), /old\.creds/],
  ];
  for (const [credentialsFile, message] of cases) {
    const options = { ...site, servers, ...(credentialsFile !== undefined && { credentialsFile }) };
    await assert.rejects(natsSite(options, forever()), { code: 'WIRE_NATS_AUTH', retryable: false, message });
  }
});

test('credentials - those of another site, run or role are refused at once, with the subject', { skip }, async (t) => {
  const issuer = await anIssuer(t);
  const { url: servers } = await aNatsServer(t, { config: issuer.config });
  for (const [name, permissions] of Object.entries({
    site: sitePermissions('nuclei', 'hospital-b'),
    run: sitePermissions('other', SITE),
    role: hubPermissions('nuclei'),
  })) {
    const credentialsFile = await issuer.issue(name, permissions);
    await assert.rejects(natsSite({ ...site, servers, credentialsFile }, forever()), {
      code: 'WIRE_NATS_AUTH',
      message: /do not allow to listen to asyndgan\.v1\.nuclei\.\S+hospital-a/,
    });
  }
});

test('credentials - a request that they do not allow is refused, not waited for', { skip }, async (t) => {
  const issuer = await anIssuer(t);
  const { url: servers } = await aNatsServer(t, { config: issuer.config });
  const { subscribe } = sitePermissions('nuclei', SITE);
  const channel = await aNatsSite(t, { servers, credentialsFile: await issuer.issue('mute', { publish: ['nothing'], subscribe }) });
  await assert.rejects(channel.join(aHello(), forever()), {
    code: 'WIRE_NATS_AUTH',
    message: /publish to asyndgan\.v1\.nuclei\.hello\.hospital-a/,
  });
});

test('credentials - that expire while running: the connection comes back with the renewed file', { skip }, async (t) => {
  const issuer = await anIssuer(t);
  const { url: servers } = await aNatsServer(t, { config: issuer.config });
  const events: string[] = [];
  const hub = await aNatsHub(t, { servers, credentialsFile: await issuer.issue('hub', hubPermissions('nuclei')) });
  hub.onJoin(async () => aWelcome());
  const credentialsFile = await issuer.issue('a', sitePermissions('nuclei', SITE), 2);
  const a = await aNatsSite(t, {
    ...{ servers, timing: { reconnect: 20, longestReconnect: 50, probe: 100, absence: 20_000 } },
    credentialsFile,
    onStatus: ({ line, event }) => void (line === 'ctl' && events.push(event)),
  });
  await a.join(aHello(), forever());
  writeFileSync(credentialsFile, 'half a file');
  while (events.filter((event) => event === 'refused').length < 3) await sleep(20);
  await issuer.issue('a', sitePermissions('nuclei', SITE), 60);
  await a.join(aHello(), forever());
  assert.ok(events.indexOf('disconnected') < events.lastIndexOf('refused'));
  assert.equal(events.at(-1), 'reconnected');
});

test('TLS - works with the right authority and, where the server wants it, a certificate; else the error names TLS', {
  skip: skip || WITHOUT_OPENSSL,
}, async (t) => {
  const authority = anAuthority(t);
  const stranger = anAuthority(t);
  const [server, client, foreign] = [authority.sign('server'), authority.sign('client'), stranger.sign('foreign')];
  const tls = `tls { cert_file: ${JSON.stringify(server.certFile)}, key_file: ${JSON.stringify(server.keyFile)}, ca_file: ${JSON.stringify(authority.caFile)}`;
  const { url: open } = await aNatsServer(t, { config: `${tls} }` });
  const { url: mutual } = await aNatsServer(t, { config: `${tls}, verify: true }` });
  const { url: plain } = await aNatsServer(t);
  const { caFile } = authority;
  for (const [servers, options] of [
    [open, { caFile }],
    [mutual, { caFile, ...client }],
  ] as const) {
    const { hub } = await aNatsFederation(t, servers, { hubOptions: { tls: options }, siteOptions: { tls: options } });
    assert.equal((await hub.exchange(SITE, aWork(0), forever())).iteration, 0);
  }
  const failures = [
    { servers: open },
    { servers: open, tls: { caFile: stranger.caFile } },
    { servers: open, tls: { caFile: '/nonexistent/ca.pem' } },
    { servers: mutual, tls: { caFile } },
    { servers: mutual, tls: { caFile, ...foreign } },
    { servers: plain, tls: { caFile } },
  ];
  for (const options of failures) {
    await assert.rejects(natsSite({ ...site, ...options, connectSeconds: 1 }, forever()), { code: 'WIRE_NATS_TLS', message: /caFile/ });
  }
});

test('delays between attempts grow to a limit, differ at random, and stay while one is waited for', () => {
  const timing = { probe: 0, longestProbe: 0, absence: 0, reconnect: 100, longestReconnect: 1000 };
  const [slow, quick] = [new Backoff(timing, () => 0), new Backoff(timing, () => 1)];
  const delays = Array.from({ length: 6 }, () => {
    const pair = [slow.delay(), slow.delay(), quick.delay()];
    slow.next();
    quick.next();
    return pair;
  });
  assert.deepEqual(
    delays,
    [100, 200, 400, 800, 1000, 1000].map((ms) => [ms, ms, ms / 2]),
  );
  slow.reset();
  assert.equal(slow.delay(), 100);
});
