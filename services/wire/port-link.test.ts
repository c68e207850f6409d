import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { aFeedback, aHello, aLetter, aWelcome, aWork, forever, SITE, serve } from './a-federation.ts';
import { hubChannel, siteChannel } from './ends.ts';
import { NatsAuthError, WireClosedError, WireError, WireUnreachableError } from './errors.ts';
import { inProcessNetwork } from './in-process.ts';
import { HUB, type Link } from './link.ts';
import { portLink, servePort } from './port-link.ts';

const TO_SITE = { peer: SITE, type: 'control' } as const;

/** A link at the other end of a port: `near` is what the training thread has. */
function overPort(t: TestContext, link: Link) {
  const { port1, port2 } = new MessageChannel();
  const near = portLink(port1);
  const served = servePort(link, port2);
  t.after(() => near.close());
  return { near, served, port1, port2 };
}

/** A hub on a link that is at the other end of a port, and a site with its own port. */
function aFederationOverPorts(t: TestContext) {
  const connect = inProcessNetwork();
  const options = { run: 'nuclei', shareErrorMessages: true };
  const hub = hubChannel(overPort(t, connect(HUB)).near, options);
  const a = siteChannel(overPort(t, connect(SITE)).near, SITE, options);
  return { hub, a };
}

test('channels work over ports as they do without', async (t) => {
  const { hub, a } = aFederationOverPorts(t);
  hub.onJoin(async () => aWelcome());
  let steps = 0;
  serve(a, {
    work: async (work) => {
      if (work.iteration === 2) throw Object.assign(new Error('no memory'), { code: 'OUT_OF_MEMORY' });
      return aFeedback(work, { losses: { steps: ++steps } });
    },
  });
  assert.deepEqual(await a.join(aHello(), forever()), aWelcome());
  const first = await hub.exchange(SITE, aWork(1), forever());
  assert.deepEqual(await hub.exchange(SITE, aWork(1), forever()), first, 'the answer that the site keeps was not moved away');
  await assert.rejects(hub.exchange(SITE, aWork(2), forever()), { remoteCode: 'OUT_OF_MEMORY', message: /no memory/ });
  assert.deepEqual(await hub.control(SITE, { kind: 'stop', reason: '' }, forever()), { kind: 'stop' });
});

test('either side may be first: what is asked and what arrives early waits', async () => {
  const { port1, port2 } = new MessageChannel();
  const near = portLink(port1);
  const early = near.request(TO_SITE, aLetter(Uint8Array.of(1)), forever());
  await sleep(5);
  const far = aFarLink(async () => aLetter(Uint8Array.of(2)));
  const served = servePort(far.link, port2);
  assert.deepEqual((await early).bytes, Uint8Array.of(2));
  const arrived = far.deliver('peer', aLetter(Uint8Array.of(3)));
  await sleep(5);
  near.receive(async (peer, { bytes }) => aLetter(Uint8Array.of(bytes[0]!, peer.length)));
  assert.deepEqual((await arrived).bytes, Uint8Array.of(3, 4));
  await near.close();
  await served;
});

test('memory - a request that owns its buffer is moved, a view is copied, an answer stays where it was made', async (t) => {
  const shared = new Uint8Array(100).fill(7);
  const answer = new Uint8Array(10).fill(9);
  const { link, deliver } = aFarLink(async () => aLetter(answer));
  const { near } = overPort(t, link);
  const own = new Uint8Array(64);
  await near.request(TO_SITE, aLetter(own), forever());
  assert.equal(own.length, 0);
  const got = await near.request(TO_SITE, aLetter(shared.subarray(3, 9)), forever());
  assert.deepEqual([shared.length, answer.length, got.bytes], [100, 10, answer]);
  const kept = new Uint8Array(5);
  near.receive(async () => aLetter(kept));
  await deliver('peer', aLetter(shared.subarray(1)));
  assert.deepEqual([shared.length, kept.length], [100, 5]);
});

test('traces cross in both directions', async (t) => {
  const { link, deliver } = aFarLink(async ({ bytes, trace }) => ({ bytes, trace: { tracestate: `${trace['traceparent']}!` } }));
  const { near } = overPort(t, link);
  const { trace } = await near.request(TO_SITE, { bytes: new Uint8Array(1), trace: { traceparent: 'x' } }, forever());
  assert.deepEqual(trace, { tracestate: 'x!' });
  near.receive(async (_peer, letter) => ({ ...letter, trace: { traceparent: `${letter.trace['traceparent']}?` } }));
  assert.deepEqual((await deliver('peer', { bytes: new Uint8Array(1), trace: { traceparent: 'y' } })).trace, { traceparent: 'y?' });
});

test('an abort rejects at once with its reason, and reaches the link', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const { link } = aFarLink((_letter, signal) => {
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise(() => {});
  });
  const { near } = overPort(t, link);
  const abort = new AbortController();
  const asked = near.request(TO_SITE, aLetter(new Uint8Array(1)), abort.signal);
  await sleep(5);
  const reason = new Error('Ctrl-C');
  abort.abort(reason);
  await assert.rejects(asked, (error) => error === reason);
  await aborted.promise;
});

test('errors of the link keep their class, code and advice; others their fields', async (t) => {
  class OtherError extends WireError {
    readonly code = 'WIRE_OTHER';
    override readonly retryable = true;
  }
  const errors = [new WireUnreachableError('gone'), new NatsAuthError('not yours'), new OtherError('new')];
  let next = 0;
  const { near } = overPort(t, aFarLink(() => Promise.reject(errors[next++])).link);
  for (const error of errors) {
    const { code, message, retryable, exitCode, name } = error;
    await assert.rejects(near.request(TO_SITE, aLetter(new Uint8Array(1)), forever()), { code, message, retryable, exitCode, name });
  }
  next = 0;
  await assert.rejects(near.request(TO_SITE, aLetter(new Uint8Array(1)), forever()), (error) => error instanceof WireUnreachableError);
});

test('closing - closes the link, ends what waits, and what comes after is refused', async (t) => {
  const { link, closed } = aFarLink(() => new Promise(() => {}));
  const { near, served } = overPort(t, link);
  const waiting = assert.rejects(near.request(TO_SITE, aLetter(new Uint8Array(1)), forever()), WireClosedError);
  await near.close();
  await near.close();
  await Promise.all([waiting, served]);
  assert.equal(closed(), 1);
  await assert.rejects(near.request(TO_SITE, aLetter(new Uint8Array(1)), forever()), WireClosedError);
});

test('a thread that ends without a word closes the link, and what waits in it is aborted', async (t) => {
  let aborts = 0;
  const { link, closed } = aFarLink((_letter, signal) => {
    signal.addEventListener('abort', () => aborts++);
    return new Promise(() => {});
  });
  const { near, served, port1 } = overPort(t, link);
  const waiting = assert.rejects(near.request(TO_SITE, aLetter(new Uint8Array(1)), forever()), WireClosedError);
  await sleep(5);
  port1.close();
  await Promise.all([served, waiting]);
  assert.deepEqual([closed(), aborts], [1, 1]);
});

/** A link that answers as told, and delivers what the test gives it. */
function aFarLink(answer: (letter: Parameters<Link['request']>[1], signal: AbortSignal) => ReturnType<Link['request']>) {
  let receiver: Parameters<Link['receive']>[0] | null = null;
  let closes = 0;
  const link: Link = {
    request: (_to, letter, signal) => answer(letter, signal),
    receive: (given) => {
      receiver = given;
    },
    close: async () => {
      closes++;
    },
  };
  const deliver: Parameters<Link['receive']>[0] = (peer, letter) => receiver!(peer, letter);
  return { link, deliver, closed: () => closes };
}
