import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNatsServer, NATS_SERVERS, WITHOUT_NATS } from '../../../test/wire/nats-server.ts';
import { aFederation, aFeedback, aHello, aWelcome, aWork, forever, SITE, serve } from '../a-federation.ts';
import type { HubChannel, SiteChannel, SiteHandlers } from '../channel.ts';
import type { Conditions, Control, Work } from '../messages.ts';
import { aNatsFederation, aNatsHub, aNatsSite } from './a-nats-federation.ts';

const skip = WITHOUT_NATS;

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name} - every message brings over the network what it brings in process, and counts the same`, { skip: missing }, async (t) => {
    const { url } = await aNatsServer(t, { binary });
    const [inProcess, overNats] = [aConversation(), aConversation()];
    const local = await aFederation({ handlers: inProcess.handlers, hello: { manifest: { ...aHello().manifest, count: 600 } } });
    const remote = await aNatsFederation(t, url, {
      handlers: overNats.handlers,
      hello: { manifest: { ...aHello().manifest, count: 600 } },
    });
    assert.deepEqual(await overNats.hold(remote.hub, remote.a), await inProcess.hold(local.hub, local.a));
    assert.deepEqual(overNats.heard, inProcess.heard);
    assert.ok(overNats.heard.length >= 6);
    assert.deepEqual(remote.hub.traffic(SITE), local.hub.traffic(SITE));
    assert.deepEqual(remote.a.traffic(), local.a.traffic());
  });
}

test('two sites - each gets its own work, at the same time', { skip }, async (t) => {
  const { url: servers } = await aNatsServer(t);
  const sites = [SITE, 'hospital-b'];
  const hub = await aNatsHub(t, { servers }, sites);
  hub.onJoin(async () => aWelcome());
  for (const site of sites) {
    const channel = await aNatsSite(t, { servers }, site);
    serve(channel, { work: async (work) => aFeedback(work, { losses: { [site]: work.iteration } }) });
    await channel.join(aHello({ site }), forever());
  }
  const feedback = await Promise.all(sites.map((site, i) => hub.exchange(site, aWork(i), forever())));
  assert.deepEqual(
    feedback.map(({ losses }) => losses),
    [{ [SITE]: 0 }, { 'hospital-b': 1 }],
  );
});

test('a site that the experiment does not name is refused with the reason', { skip }, async (t) => {
  const { url: servers } = await aNatsServer(t);
  const hub = await aNatsHub(t, { servers });
  hub.onJoin(async ({ site }) => {
    throw Object.assign(new Error(`${site} is not in the experiment`), { code: 'SITE_UNKNOWN' });
  });
  const stranger = await aNatsSite(t, { servers }, 'stranger');
  await assert.rejects(stranger.join(aHello({ site: 'stranger' }), forever()), { remoteCode: 'SITE_UNKNOWN', message: /stranger is not/ });
});

test('a site that starts before the hub joins as soon as the hub is there', { skip }, async (t) => {
  const { url: servers } = await aNatsServer(t);
  const a = await aNatsSite(t, { servers, timing: { absence: 10_000 } });
  serve(a);
  const joined = a.join(aHello(), forever());
  await sleep(50);
  const hub = await aNatsHub(t, { servers });
  hub.onJoin(async () => aWelcome({ hubEpoch: 3 }));
  assert.equal((await joined).hubEpoch, 3);
});

test('nobody there - unreachable after a while; a deadline before that is a timeout', { skip }, async (t) => {
  const { url: servers } = await aNatsServer(t);
  const a = await aNatsSite(t, { servers });
  await assert.rejects(a.join(aHello(), forever()), { code: 'WIRE_UNREACHABLE', retryable: true, message: /HUB has not been connected/ });
  await assert.rejects(a.join(aHello(), AbortSignal.timeout(50)), { code: 'WIRE_TIMEOUT' });
});

test('closing - what waits at the other end is rejected at once, whichever end closes', { skip }, async (t) => {
  const { url } = await aNatsServer(t);
  for (const end of ['hub', 'site'] as const) {
    const { hub, a } = await aNatsFederation(t, url, { handlers: { work: () => new Promise(() => {}) } });
    hub.onConditions(() => new Promise(() => {}));
    const sending = a.sendConditions({ size: 16, maps: [{ key: 'k', classes: new Uint8Array(256) }] }, forever());
    const waits = [hub.exchange(SITE, aWork(0), forever()), sending].map((wait) => assert.rejects(wait, { code: 'WIRE_CLOSED' }));
    await sleep(20);
    const [closing, other] = end === 'hub' ? [hub, a] : [a, hub];
    await Promise.all([closing.close(), ...waits]);
    await other.close();
  }
});

test('closing - a site that closes on a stop still answers it', { skip }, async (t) => {
  const { url } = await aNatsServer(t);
  const closed = Promise.withResolvers<void>();
  const control = async () => {
    void a.close().then(closed.resolve);
    return { kind: 'stop' } as const;
  };
  const { hub, a } = await aNatsFederation(t, url, { handlers: { control } });
  assert.deepEqual(await hub.control(SITE, { kind: 'stop', reason: 'done' }, forever()), { kind: 'stop' });
  await closed.promise;
});

test('trace context crosses the network, bounded, and nothing else does', { skip }, async (t) => {
  const { natsHubLink, natsSiteLink } = await import('./link.ts');
  const { url: servers } = await aNatsServer(t);
  const hub = await natsHubLink({ servers, run: 'nuclei', sites: [SITE] }, forever());
  const site = await natsSiteLink({ servers, run: 'nuclei', site: SITE }, forever());
  t.after(() => Promise.all([hub.close(), site.close()]));
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const seen: object[] = [];
  site.receive(async (_hub, { bytes, trace }) => {
    seen.push(trace);
    return { bytes, trace: { tracestate: 'vendor=1', traceparent: 'not one' } };
  });
  const trace = { traceparent, tracestate: 'x'.repeat(513), baggage: 'patient=7' };
  const answer = await hub.request({ peer: SITE, type: 'work', iteration: 1 }, { bytes: new Uint8Array(9), trace }, forever());
  assert.deepEqual(seen, [{ traceparent }]);
  assert.deepEqual(answer.trace, { tracestate: 'vendor=1' });
});

/** Every message of the protocol once, and what both ends make of it. */
function aConversation() {
  const heard: (Work | Control)[] = [];
  const handlers: SiteHandlers = {
    work: async (work) => {
      heard.push(work);
      if (work.iteration === 9) throw Object.assign(new Error('image 17 is damaged'), { code: 'DATASET_DAMAGED' });
      return aFeedback(work);
    },
    control: async (control) => {
      heard.push(control);
      if (control.kind === 'evaluate') return { kind: 'evaluate', scores: { images: 10, dice: 0.75, hd95: null } };
      return control.kind === 'stop' ? { kind: 'stop' } : control;
    },
  };
  const hold = async (hub: HubChannel, a: SiteChannel) => {
    const got: Conditions[] = [];
    hub.onConditions(async (_site, conditions) => {
      got.push(conditions);
    });
    const maps = Array.from({ length: 600 }, (_, m) => ({
      key: `k-${m}`,
      classes: Uint8Array.from({ length: 256 }, (_, i) => (i * m) % 3),
    }));
    await a.sendConditions({ size: 16, maps }, forever());
    const large = { name: 'large', shape: [1500, 1000], data: Float32Array.from({ length: 1_500_000 }, (_, i) => Math.sin(i)) };
    return [
      got,
      await hub.exchange(SITE, aWork(3, { snapshot: true }), forever()),
      await hub.exchange(SITE, aWork(4), forever()),
      await hub.control(SITE, { kind: 'snapshot', iteration: 5 }, forever()),
      await hub.control(SITE, { kind: 'evaluate', segmenter: { filters: 8 }, weights: [large] }, forever()),
      await hub.exchange(SITE, aWork(9), forever()).catch((error: Error) => error.message),
      await hub.control(SITE, { kind: 'stop', reason: 'done' }, forever()),
    ];
  };
  return { heard, handlers, hold };
}
