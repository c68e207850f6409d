import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNatsServer, NATS_SERVERS, WITHOUT_NATS } from '../../../test/wire/nats-server.ts';
import { aProxy, type TcpProxy } from '../../../test/wire/proxy.ts';
import { aFeedback, aWork, forever, SITE } from '../a-federation.ts';
import type { Work } from '../messages.ts';
import { aNatsFederation, QUICK } from './a-nats-federation.ts';
import type { NatsStatus } from './line.ts';

const skip = WITHOUT_NATS;

/** 12 images of 64 x 64 in colour that do not compress: 590 kB as Float32. */
const LARGE = { shape: [12, 64, 64, 3], data: Float32Array.from({ length: 12 * 64 * 64 * 3 }, (_, i) => Math.sin(i * i)) };
const FP32 = { codecs: { images: 'Float32', feedback: 'Float32' } } as const;

function aLargeWork(iteration: number): Work {
  const conditions = Array.from({ length: 12 }, (_, i) => ({ key: `k-${i}`, top: 0, left: 0, rotate: 0 as const, flip: false }));
  return aWork(iteration, { fakes: LARGE, conditions });
}

const through = ({ port }: TcpProxy) => `nats://127.0.0.1:${port}`;

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name} killed and started again, at any moment - nothing is lost and no step is done twice`, { skip: missing }, async (t) => {
    const server = await aNatsServer(t, { binary });
    const steps: number[] = [];
    const statuses: NatsStatus[] = [];
    const work = async (received: Work) => {
      steps.push(received.iteration);
      await sleep(received.iteration % 3);
      return aFeedback(received);
    };
    const { hub } = await aNatsFederation(t, server.url, {
      handlers: { work },
      welcome: FP32,
      hubOptions: { onStatus: (status) => statuses.push(status) },
    });
    let over = false;
    const failed = new AbortController();
    t.after(() => {
      over = true;
    });
    const killing = (async () => {
      for (let kills = 0; !over; kills++) {
        await sleep(30 + ((kills * 37) % 90));
        await server.stop('SIGKILL');
        await server.restart();
      }
    })();
    killing.catch((error: unknown) => failed.abort(error));
    const reconnects = () => statuses.filter(({ event, line }) => event === 'reconnected' && line === 'data').length;
    for (let i = 0; i < 40 || reconnects() < 3; i++) {
      const large = i % 2 === 0;
      const sent = large ? aLargeWork(i) : aWork(i);
      const { gradient } = await hub.exchange(SITE, sent, failed.signal);
      assert.deepEqual(gradient, aFeedback(sent).gradient);
    }
    over = true;
    await killing;
    assert.deepEqual(
      steps,
      steps.map((_, i) => i),
    );
  });
}

test('a server that is away for a while - what was asked meanwhile is answered when it is back', { skip }, async (t) => {
  const server = await aNatsServer(t);
  const { hub } = await aNatsFederation(t, server.url);
  await server.stop('SIGKILL');
  await sleep(50);
  const waiting = [hub.exchange(SITE, aWork(0), forever()), hub.control(SITE, { kind: 'stop', reason: '' }, forever())] as const;
  await sleep(300);
  await server.restart();
  const [feedback, reply] = await Promise.all(waiting);
  assert.deepEqual([feedback.iteration, reply.kind], [0, 'stop']);
});

test('a slow link - a tensor that takes long is carried once each way, and control messages do not wait behind it', { skip }, async (t) => {
  const server = await aNatsServer(t);
  const proxy = await aProxy(t, server.port);
  const { hub } = await aNatsFederation(t, server.url, { welcome: FP32, siteOptions: { servers: through(proxy) } });
  const [carriedBefore, before] = [proxy.carried(), hub.traffic(SITE)];
  proxy.limit(300_000);
  const start = performance.now();
  const exchange = hub.exchange(SITE, aLargeWork(0), forever());
  await sleep(300);
  const asked = performance.now();
  await hub.control(SITE, { kind: 'stop', reason: '' }, forever());
  const controlMs = performance.now() - asked;
  await exchange;
  const [ms, carried, after] = [performance.now() - start, proxy.carried() - carriedBefore, hub.traffic(SITE)];
  const needed = after.down.bytes - before.down.bytes + after.up.bytes - before.up.bytes;
  assert.ok(ms > 1500, `${ms} ms: the link is not slow, or probes (after ${QUICK.probe} ms) would not show`);
  assert.ok(controlMs < ms / 4, `the control took ${controlMs} of ${ms} ms`);
  assert.ok(carried < 1.05 * needed, `${carried} bytes were carried for ${needed} bytes of messages`);
});

for (const end of ['hub', 'site'] as const) {
  test(`a link of the ${end} that is cut in the middle of a tensor - it arrives afterwards, and is worked on once`, { skip }, async (t) => {
    const server = await aNatsServer(t);
    const proxy = await aProxy(t, server.port);
    let steps = 0;
    const work = async (received: Work) => {
      steps++;
      return aFeedback(received);
    };
    const cutOff = { servers: through(proxy) };
    const options = end === 'hub' ? { hubOptions: cutOff } : { siteOptions: cutOff };
    const { hub } = await aNatsFederation(t, server.url, { handlers: { work }, welcome: FP32, ...options });
    for (let cut = 0; cut < 6; cut++) {
      proxy.limit(2_000_000);
      const sent = aLargeWork(cut);
      const exchange = hub.exchange(SITE, sent, forever());
      await sleep(60 + 110 * cut);
      proxy.cut();
      await sleep(50);
      proxy.limit(null);
      proxy.heal();
      assert.deepEqual((await exchange).gradient, aFeedback(sent).gradient);
    }
    assert.equal(steps, 6);
  });
}

test('a site that takes nothing - nothing piles up in front of it, and it goes on when it wakes', { skip }, async (t) => {
  const server = await aNatsServer(t);
  const [toHub, toSite] = [await aProxy(t, server.port), await aProxy(t, server.port)];
  const { hub } = await aNatsFederation(t, server.url, {
    welcome: FP32,
    hubOptions: { servers: through(toHub) },
    siteOptions: { servers: through(toSite) },
  });
  toSite.stall();
  const before = toHub.carried();
  for (let i = 0; i < 10; i++) await assert.rejects(hub.exchange(SITE, aLargeWork(i), AbortSignal.timeout(100)), { code: 'WIRE_TIMEOUT' });
  const carried = toHub.carried() - before;
  assert.ok(carried < 0.7e6, `${carried} bytes were sent for ten works of 0.59 MB`);
  toSite.heal();
  assert.equal((await hub.exchange(SITE, aLargeWork(10), forever())).iteration, 10);
});

test('a hub that is away - the site is told that it is back, and does not wait for its next probe', { skip }, async (t) => {
  const server = await aNatsServer(t);
  const proxy = await aProxy(t, server.port);
  const patient = { ...QUICK, probe: 60_000, longestProbe: 60_000 };
  const gate = Promise.withResolvers<void>();
  const work = async (received: Work) => {
    await gate.promise;
    return aFeedback(received);
  };
  const { hub } = await aNatsFederation(t, server.url, {
    handlers: { work },
    hubOptions: { servers: through(proxy), timing: patient },
    siteOptions: { timing: patient },
  });
  const exchange = hub.exchange(SITE, aWork(0), forever());
  await sleep(50);
  proxy.cut();
  gate.resolve();
  await sleep(50);
  proxy.heal();
  assert.equal((await exchange).iteration, 0);
});
