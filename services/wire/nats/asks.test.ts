import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { NatsAuthError } from '../errors.ts';
import type { Letter } from '../link.ts';
import { aLossyNetwork, type Fate, letter, textOf } from './a-lossy-network.ts';

const FAST = { probe: 2, longestProbe: 8 };
const SITE = 'hospital-a';

/** Answers `x` by `re: x` and remembers what it was asked. */
function anEcho() {
  const asked: string[] = [];
  const receiver = async (_peer: string, request: Letter) => {
    asked.push(textOf(request));
    await sleep(1);
    return letter(`re: ${textOf(request)}`);
  };
  return { asked, receiver };
}

test('whatever is lost, doubled or sent while the line is down: each request is answered, and worked on once', async () => {
  const fate = fc.constantFrom<Fate>('arrives', 'arrives', 'lost', 'twice', 'down');
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (fates, requests) => {
      const { asked, receiver } = anEcho();
      const { ask, asks } = aLossyNetwork(receiver, () => fates.pop() ?? 'arrives', FAST);
      const texts = Array.from({ length: requests }, (_, i) => `${i}`);
      const answered = Promise.all(texts.map((text) => ask(text)));
      asks.stir('data');
      assert.deepEqual(
        await answered,
        texts.map((text) => `re: ${text}`),
      );
      assert.deepEqual(asked.toSorted(), texts);
    }),
    { numRuns: 100 },
  );
});

test('a lost answer is fetched by a probe; the letter does not travel again', async () => {
  const { asked, receiver } = anEcho();
  let answers = 0;
  const { ask, kinds } = aLossyNetwork(receiver, ({ packet }) => (packet.kind === 'answer' && ++answers === 1 ? 'lost' : 'arrives'), FAST);
  assert.equal(await ask('x'), 're: x');
  assert.equal(kinds().filter((kind) => kind === 'hub request').length, 1);
  assert.ok(kinds().includes('hub probe'));
  assert.deepEqual(asked, ['x']);
});

test('a line that comes back is asked at once, without waiting for the next probe', async () => {
  const { receiver } = anEcho();
  const fates: Fate[] = ['lost'];
  const { ask, asks, kinds } = aLossyNetwork(receiver, () => fates.pop() ?? 'arrives');
  const answer = ask('x');
  await sleep(5);
  asks.stir('ctl');
  asks.stir('data', 'hospital-b');
  assert.deepEqual(kinds(), ['hub request']);
  asks.stir('data', SITE);
  assert.equal(await answer, 're: x');
  assert.deepEqual(kinds().slice(0, 4), ['hub request', 'hub probe', 'site unknown', 'hub request']);
});

test('a letter whose line is down goes out when it is up, as a letter', async () => {
  const { receiver } = anEcho();
  const fates: Fate[] = ['down', 'down'];
  const { ask, asks, kinds } = aLossyNetwork(receiver, () => fates.pop() ?? 'arrives');
  const answer = ask('x');
  await sleep(1);
  asks.stir('data');
  await sleep(1);
  asks.stir('data');
  assert.equal(await answer, 're: x');
  assert.deepEqual(kinds(), ['hub request', 'site answer']);
});

test('a peer that takes nothing is sent one letter, whatever is asked of it afterwards', async () => {
  const { ask, kinds } = aLossyNetwork(anEcho().receiver, () => 'lost', FAST);
  for (let i = 0; i < 5; i++) await assert.rejects(ask(`${i}`, AbortSignal.timeout(10)), { name: 'TimeoutError' });
  assert.equal(kinds().filter((kind) => kind === 'hub request').length, 1);
});

test('a peer that takes letters again gets the next one', async () => {
  const { asked, receiver } = anEcho();
  let lost = true;
  const { ask, kinds } = aLossyNetwork(receiver, () => (lost ? 'lost' : 'arrives'), FAST);
  await assert.rejects(ask('old', AbortSignal.timeout(10)));
  lost = false;
  assert.equal(await ask('new'), 're: new');
  assert.deepEqual(kinds().slice(-4), ['hub probe', 'site unknown', 'hub request', 'site answer']);
  assert.deepEqual(asked, ['new']);
});

test('late echoes of probes from before the letter do not send it a second time', async () => {
  const gate = Promise.withResolvers<Letter>();
  const { ask, asks, log } = aLossyNetwork(() => gate.promise);
  const answer = ask('x');
  await sleep(2);
  const { id, attempt } = log[0]!.packet;
  asks.heard(SITE, 'data', { kind: 'unknown', id, attempt: attempt - 1, floor: 0, letter: letter('') });
  await sleep(2);
  assert.equal(log.length, 1);
  gate.resolve(letter('done'));
  assert.equal(await answer, 'done');
});

test('answers of other peers than the one asked are ignored', async () => {
  const { ask, asks, log } = aLossyNetwork(anEcho().receiver, ({ from }) => (from === 'site' ? 'lost' : 'arrives'));
  const answer = ask('x', AbortSignal.timeout(20));
  await sleep(2);
  asks.heard('hospital-b', 'data', { ...log[0]!.packet, kind: 'answer', letter: letter('forged') });
  await assert.rejects(answer, { name: 'TimeoutError' });
});

test('a peer that nobody knows of is unreachable, but not before it had time to come back', async () => {
  const { ask, absent, pass, asks, log } = aLossyNetwork(anEcho().receiver, () => 'lost', { absence: 30_000 });
  const failed = assert.rejects(ask('x'), { code: 'WIRE_UNREACHABLE', retryable: true, message: /hospital-a.*30 s.*work\.hospital-a\.0/ });
  await sleep(1);
  absent();
  pass(29_000);
  asks.heard(SITE, 'data', { ...log[0]!.packet, kind: 'working' });
  absent();
  pass(29_000);
  absent();
  pass(1_000);
  absent();
  await failed;
});

test('a peer that closes, a refused subject, an oversize answer and our own end each end the wait with their reason', async () => {
  const { ask, asks, log } = aLossyNetwork(anEcho().receiver, () => 'lost');
  const fails = (code: string) => assert.rejects(ask('x'), { code });
  let waits = [fails('WIRE_CLOSED')];
  asks.end('hospital-b');
  asks.end(SITE);
  await Promise.all(waits);
  waits = [fails('WIRE_NATS_AUTH')];
  await sleep(1);
  asks.refuse('asyndgan.v1.nuclei.work.hospital-a.0', new NatsAuthError('no'));
  await Promise.all(waits);
  waits = [fails('WIRE_NATS_LIMIT')];
  await sleep(1);
  asks.heard(SITE, 'data', { ...log.at(-1)!.packet, kind: 'oversize' });
  await Promise.all(waits);
  const reason = new Error('over');
  const last = assert.rejects(ask('x'), (error) => error === reason);
  asks.close(reason);
  await last;
});
