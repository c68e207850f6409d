import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { aFederation, aFeedback, aHello, aWelcome, aWork, forever, SITE, serve } from './a-federation.ts';
import { RemoteError } from './errors.ts';
import { throughImageCodec } from './image-grid.ts';
import { inProcessFederation } from './in-process.ts';
import type { Conditions, Control, ControlReply, Hello, Work } from './messages.ts';

const soon = () => AbortSignal.timeout(30);

test('join - both sides get what the other one said', async () => {
  const { hub, site } = inProcessFederation({ run: 'nuclei' });
  const heard: Hello[] = [];
  const welcome = aWelcome({ hubEpoch: 8, experiment: { deep: [1, 'ü', null] } });
  hub.onJoin(async (hello) => {
    heard.push(hello);
    return welcome;
  });
  const hello = aHello({ hubEpoch: 7, experimentDigest: 'sha256-aa' });
  assert.deepEqual(await site(SITE).join(hello, forever()), welcome);
  assert.deepEqual(heard, [hello]);
});

test('exchange - the site sees the fakes through the image codec, the hub gets the gradient of just those', async () => {
  for (const images of ['UInt8', 'Float16', 'Float32'] as const) {
    const seen: Work[] = [];
    const work = async (received: Work) => {
      seen.push(received);
      return aFeedback(received);
    };
    const { hub } = await aFederation({ welcome: { codecs: { images, feedback: 'Float32' } }, handlers: { work } });
    const sent = aWork(3, { snapshot: true });
    const feedback = await hub.exchange(SITE, sent, forever());
    assert.deepEqual(seen, [{ ...sent, fakes: throughImageCodec(sent.fakes, images) }]);
    assert.deepEqual(feedback, { ...aFeedback(seen[0]!), trace: {} });
  }
});

test('exchange - Int8 and Float16 feedback is off by less than a step, and the same in every run', async () => {
  const exact = aFeedback(aWork(1)).gradient.data;
  for (const [feedback, error] of [
    ['Float16', 2 ** -11 * 1e-4],
    ['Int8', 1e-4 / 127],
  ] as const) {
    const run = async () => {
      const { hub } = await aFederation({ welcome: { codecs: { images: 'Float32', feedback } } });
      return (await hub.exchange(SITE, aWork(1), forever())).gradient.data;
    };
    const gradient = await run();
    gradient.forEach((value, i) => {
      assert.ok(Math.abs(value - exact[i]!) <= error * 1.001);
    });
    assert.notDeepEqual(gradient, exact);
    assert.deepEqual(await run(), gradient);
  }
});

test('exchange - label maps made by the hub reach the site', async () => {
  const seen: Work[] = [];
  const work = async (received: Work) => {
    seen.push(received);
    return aFeedback(received);
  };
  const { hub } = await aFederation({ handlers: { work } });
  const labels = { shape: [2, 8, 8], classes: Uint8Array.from({ length: 128 }, (_, i) => i % 3) };
  await hub.exchange(SITE, aWork(0, { conditions: [], labels }), forever());
  assert.deepEqual(seen[0]!.labels, labels);
});

test('traffic - both ends count the same messages and bytes, and these are what the codecs make of the tensors', async () => {
  const { hub, a } = await aFederation({ welcome: { codecs: { images: 'Float32', feedback: 'Float32' } } });
  const before = hub.traffic(SITE);
  const random = Float32Array.from({ length: 384 }, (_, i) => Math.sin(i * i));
  await hub.exchange(SITE, aWork(0, { fakes: { shape: [2, 8, 8, 3], data: random } }), forever());
  const after = hub.traffic(SITE);
  assert.deepEqual(after, a.traffic());
  assert.equal(after.down.messages - before.down.messages, 1);
  assert.equal(after.up.messages - before.up.messages, 1);
  const down = after.down.bytes - before.down.bytes;
  assert.ok(down > 384 * 3 && down < 384 * 4 + 1000, `${down} bytes for 384 float32 values and a header`);
});

test('conditions - all label maps arrive as sent, in several messages where they are many', async () => {
  const got: [string, Conditions][] = [];
  const { hub, a } = await aFederation({ hello: { manifest: { ...aHello().manifest, count: 600 } } });
  hub.onConditions(async (site, conditions) => {
    got.push([site, conditions]);
  });
  const maps = Array.from({ length: 600 }, (_, m) => ({ key: `k-${m}`, classes: Uint8Array.from({ length: 256 }, (_, i) => (i * m) % 3) }));
  const before = a.traffic().up.messages;
  await a.sendConditions({ size: 16, maps }, forever());
  assert.deepEqual(got, [[SITE, { size: 16, maps }]]);
  assert.equal(a.traffic().up.messages - before, 3);
  assert.equal(got[0]![1].maps[0]!.classes.buffer.byteLength, 256, 'a label map owns its memory');
});

test('conditions - more maps, other sizes and other classes than the hello said are refused, two maps of one key too', async () => {
  const { a } = await aFederation({ hello: { manifest: { ...aHello().manifest, count: 2 } } });
  const map = (key: string, value = 0, size = 16) => ({ key, classes: new Uint8Array(size ** 2).fill(value) });
  const cases: [Conditions, string][] = [
    [{ size: 16, maps: [map('a'), map('b'), map('c')] }, 'WIRE_BOUNDS'],
    [{ size: 8, maps: [map('a', 0, 8)] }, 'WIRE_MISMATCH'],
    [{ size: 16, maps: [map('a', 3)] }, 'WIRE_BOUNDS'],
    [{ size: 16, maps: [map('a'), map('a')] }, 'WIRE_HEADER'],
  ];
  for (const [conditions, code] of cases) await assert.rejects(a.sendConditions(conditions, forever()), { remoteCode: code });
  const { a: b } = await aFederation({ options: { limits: { maxConditionElements: 511 } } });
  await assert.rejects(b.sendConditions({ size: 16, maps: [map('a'), map('b')] }, forever()), {
    remoteCode: 'WIRE_BOUNDS',
    message: /511/,
  });
  await assert.rejects(a.sendConditions({ size: 16, maps: [] }, forever()), { code: 'WIRE_BOUNDS' });
  await assert.rejects(a.sendConditions({ size: 16, maps: [{ key: 'patient 12.png', classes: map('a').classes }] }, forever()), {
    code: 'WIRE_HEADER',
  });
  await a.sendConditions({ size: 16, maps: [map('a'), map('b')] }, forever());
});

test('control - every kind reaches the site and its reply the hub; large weights come in several messages', async () => {
  const heard: Control[] = [];
  const replies: Record<Control['kind'], ControlReply> = {
    snapshot: { kind: 'snapshot', iteration: 50 },
    restore: { kind: 'restore', iteration: 50 },
    evaluate: { kind: 'evaluate', scores: { images: 10, dice: 0.75, hd95: null } },
    stop: { kind: 'stop' },
  };
  const control = async (message: Control) => {
    heard.push(message);
    return replies[message.kind];
  };
  const { hub } = await aFederation({ handlers: { control } });
  const tensor = (name: string, shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { name, shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)) };
  };
  const weights = [tensor('down1/kernel', [3, 3, 1, 8]), tensor('down1/bias', [8]), tensor('big', [1500, 1000]), tensor('last', [3])];
  const messages: Control[] = [
    { kind: 'snapshot', iteration: 50 },
    { kind: 'restore', iteration: 50 },
    { kind: 'evaluate', segmenter: { filters: 8 }, weights },
    { kind: 'stop', reason: 'all iterations are done' },
  ];
  for (const message of messages) assert.deepEqual(await hub.control(SITE, message, forever()), replies[message.kind]);
  assert.deepEqual(heard, messages);
  await hub.control(SITE, messages[2]!, forever());
  assert.deepEqual(heard[4], messages[2], 'a second evaluate starts anew');
});

test('errors - what a handler throws comes back with its code; the message only where it may', async () => {
  class DatasetUnreadableError extends Error {
    readonly code = 'DATASET_UNREADABLE';
    readonly retryable = true;
  }
  const work = async () => {
    throw new DatasetUnreadableError('train/images/smith-017.png is truncated');
  };
  for (const shareErrorMessages of [true, false]) {
    const refused: unknown[] = [];
    const { hub } = await aFederation({
      handlers: { work },
      options: { shareErrorMessages, refused: (_peer, error) => refused.push(error) },
    });
    await assert.rejects(hub.exchange(SITE, aWork(0), forever()), (error) => {
      assert.ok(error instanceof RemoteError);
      assert.deepEqual([error.code, error.remoteCode, error.retryable], ['WIRE_REMOTE', 'DATASET_UNREADABLE', true]);
      assert.equal(error.message.includes('smith-017'), shareErrorMessages);
      return true;
    });
    assert.ok(refused[0] instanceof DatasetUnreadableError, 'the side where it happened knows all of it');
  }
});

test('errors - things thrown that are no errors are INTERNAL', async () => {
  for (const thrown of [undefined, 'text', { code: 'not a code' }, new TypeError('x')]) {
    const { hub } = await aFederation({ handlers: { work: () => Promise.reject(thrown) } });
    await assert.rejects(hub.exchange(SITE, aWork(0), forever()), { remoteCode: 'INTERNAL', retryable: false });
  }
});

test('errors - a gradient or a loss that is not finite never leaves the site', async () => {
  const nan = aFeedback(aWork(0), { gradient: { shape: [2, 8, 8, 3], data: new Float32Array(384).fill(NaN) } });
  for (const bad of [nan, aFeedback(aWork(0), { losses: { generator: Infinity } })]) {
    const { hub } = await aFederation({ handlers: { work: async () => bad } });
    await assert.rejects(hub.exchange(SITE, aWork(0), forever()), { remoteCode: 'WIRE_NOT_FINITE' });
  }
});

test('waiting - a deadline ends in WireTimeoutError, an abort in its own reason, at once', async () => {
  const { hub, a } = await aFederation({ handlers: { work: () => new Promise(() => {}) } });
  await assert.rejects(hub.exchange(SITE, aWork(0), soon()), { code: 'WIRE_TIMEOUT', retryable: true, message: /work sent to hospital-a/ });
  const abort = new AbortController();
  const reason = new Error('Ctrl-C');
  const waiting = hub.exchange(SITE, aWork(1), abort.signal);
  abort.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(hub.exchange(SITE, aWork(2), AbortSignal.abort(reason)), (error) => error === reason);
  hub.onJoin(() => new Promise(() => {}));
  await assert.rejects(a.join(aHello(), soon()), { code: 'WIRE_TIMEOUT' });
});

test('waiting - a site that has not joined, or whose hub is not ready, is unreachable: try again', async () => {
  const { hub, site } = inProcessFederation({ run: 'nuclei' });
  await assert.rejects(hub.exchange('nobody', aWork(0), forever()), { code: 'WIRE_UNREACHABLE', retryable: true });
  await assert.rejects(site(SITE).join(aHello(), forever()), { remoteCode: 'WIRE_UNREACHABLE', retryable: true });
  await assert.rejects(hub.exchange(SITE, aWork(0), forever()), { code: 'WIRE_UNREACHABLE' });
  await assert.rejects(hub.control('nobody', { kind: 'stop', reason: '' }, forever()), { code: 'WIRE_UNREACHABLE' });
});

test('waiting - work sent the moment the join handler is done reaches the site', async () => {
  const { hub, site } = inProcessFederation({ run: 'nuclei' });
  const joined = Promise.withResolvers<void>();
  hub.onJoin(async () => {
    joined.resolve();
    return aWelcome();
  });
  const a = site(SITE);
  serve(a);
  const exchange = joined.promise.then(() => hub.exchange(SITE, aWork(0), forever()));
  await a.join(aHello(), forever());
  assert.equal((await exchange).iteration, 0);
});

test('waiting - timers and other work of the process get their turn between messages', async () => {
  const { hub } = await aFederation();
  const turn = setImmediate('turn');
  assert.equal(await Promise.race([hub.exchange(SITE, aWork(0), forever()), turn]), 'turn');
});

test('one work in flight - a second one for the same site is refused, other sites go on', async () => {
  const { hub, site } = await aFederation({ handlers: { work: () => new Promise(() => {}) } });
  const b = site('hospital-b');
  serve(b);
  await b.join(aHello({ site: 'hospital-b' }), forever());
  const stop = new AbortController();
  const first = hub.exchange(SITE, aWork(0), stop.signal);
  await assert.rejects(hub.exchange(SITE, aWork(1), forever()), { code: 'WIRE_BUSY', message: /iteration 0/ });
  assert.equal((await hub.exchange('hospital-b', aWork(0), forever())).iteration, 0);
  stop.abort();
  await assert.rejects(first, { name: 'AbortError' });
});

test('closing - what waits is rejected at both ends, whichever end closes; what comes after, too', async () => {
  for (const end of ['hub', 'site'] as const) {
    const { hub, a } = await aFederation({ handlers: { work: () => new Promise(() => {}) } });
    hub.onJoin(() => new Promise(() => {}));
    hub.onConditions(() => new Promise(() => {}));
    const sending = a.sendConditions({ size: 16, maps: [{ key: 'k', classes: new Uint8Array(256) }] }, forever());
    const waits = [hub.exchange(SITE, aWork(0), forever()), sending].map((wait) => assert.rejects(wait, { code: 'WIRE_CLOSED' }));
    await setImmediate();
    await (end === 'hub' ? hub : a).close();
    await (end === 'hub' ? hub : a).close();
    await Promise.all(waits);
    await assert.rejects(a.join(aHello(), forever()), { code: end === 'hub' ? 'WIRE_UNREACHABLE' : 'WIRE_CLOSED' });
  }
});

test('closing - a name is free again once its channel is closed, and only then', async () => {
  const { hub, site, a } = await aFederation();
  assert.throws(() => site(SITE), { code: 'WIRE_USAGE' });
  await a.close();
  const again = site(SITE);
  serve(again);
  await again.join(aHello({ hubEpoch: 1 }), forever());
  assert.equal((await hub.exchange(SITE, aWork(9), forever())).iteration, 9);
});
