import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { aFederation, aFeedback, aHello, aLetter, aSettings, aWelcome, aWork, forever, SITE, serve } from './a-federation.ts';
import { type Draft, type Envelope, openEnvelope, packEnvelope } from './envelope.ts';
import { failureDraft } from './failure.ts';
import { inProcessFederation, inProcessNetwork } from './in-process.ts';
import { DEFAULT_LIMITS, type WireLimits } from './limits.ts';
import { HUB } from './link.ts';
import { welcomeDraft } from './membership.ts';
import { type Feedback, PROTOCOL, type Welcome, type Work } from './messages.ts';
import { floatSection, jsonSection } from './sections.ts';
import { SiteEnd } from './site.ts';
import { workDraft } from './training.ts';

test('fencing - a hub with a lower epoch than the site has seen is refused', async () => {
  const { hub, site } = inProcessFederation({ run: 'nuclei' });
  hub.onJoin(async () => aWelcome({ hubEpoch: 4 }));
  await assert.rejects(site(SITE).join(aHello({ hubEpoch: 5 }), forever()), { code: 'WIRE_EPOCH', message: /epoch 4.*at 5/ });
});

test('fencing - work of an older or a newer hub than the one joined is refused', async () => {
  const { ask } = await aRawHub({ hubEpoch: 3 });
  for (const epoch of [2, 4]) assert.equal(codeOf(await ask(workDraft(aWork(0), 'UInt8'), { epoch })), 'WIRE_EPOCH');
  assert.equal((await ask(workDraft(aWork(0), 'UInt8'), { epoch: 3 })).header.type, 'feedback');
});

test('join - a welcome with a codec that the site did not offer is refused', async () => {
  const { hub, site } = inProcessFederation({ run: 'nuclei' });
  hub.onJoin(async () => aWelcome({ codecs: { images: 'UInt8', feedback: 'Int8' } }));
  const hello = aHello({ codecs: { images: ['UInt8'], feedback: ['Float16', 'Float32'] } });
  await assert.rejects(site(SITE).join(hello, forever()), { code: 'WIRE_MISMATCH', message: /Int8.*Float16 or Float32/ });
});

test('join - after an attempt that failed the site does no work until it has joined', async () => {
  const { ask, site, refuse } = await aRawHub();
  refuse();
  await assert.rejects(site.join(aHello(), forever()), { code: 'WIRE_REMOTE' });
  assert.equal(codeOf(await ask(workDraft(aWork(0), 'UInt8'))), 'WIRE_UNREACHABLE');
});

test('join - only under the own name, and conditions only after it', async () => {
  const { site } = inProcessFederation({ run: 'nuclei' });
  const a = site(SITE);
  await assert.rejects(a.join(aHello({ site: 'hospital-b' }), forever()), { code: 'WIRE_MISMATCH' });
  await assert.rejects(a.sendConditions({ size: 16, maps: [] }, forever()), { code: 'WIRE_USAGE' });
});

test('the same work again - gets the same feedback without a second step, also while the first is at work', async () => {
  const steps: number[] = [];
  const gate = Promise.withResolvers<void>();
  const work = async (received: Work) => {
    steps.push(received.iteration);
    await gate.promise;
    return aFeedback(received, { losses: { step: steps.length } });
  };
  const { hub } = await aFederation({ handlers: { work } });
  const stop = new AbortController();
  const lost = hub.exchange(SITE, aWork(5), stop.signal);
  await setImmediate();
  await setImmediate();
  stop.abort();
  await assert.rejects(lost, { name: 'AbortError' });
  const again = hub.exchange(SITE, aWork(5), forever());
  gate.resolve();
  assert.deepEqual((await again).losses, { step: 1 });
  assert.deepEqual((await hub.exchange(SITE, aWork(5), forever())).losses, { step: 1 });
  assert.deepEqual(steps, [5]);
});

test('the same work again - is another work when anything in it differs', async () => {
  let steps = 0;
  const work = async (received: Work) => aFeedback(received, { losses: { step: ++steps } });
  const { hub } = await aFederation({ handlers: { work } });
  const changes: Partial<Work>[] = [{}, { iteration: 6 }, { generatorVersion: 4 }, { snapshot: true }, { fakes: aWork(6).fakes }];
  for (const change of changes) await hub.exchange(SITE, aWork(5, change), forever());
  assert.equal(steps, changes.length);
});

test('the same work again - is a new step after a restore, after a new join and after a failure', async () => {
  let steps = 0;
  let failing = false;
  const work = async (received: Work) => {
    steps++;
    if (failing) throw new Error('out of memory');
    return aFeedback(received);
  };
  const { hub, a } = await aFederation({ handlers: { work, control: async () => ({ kind: 'restore', iteration: 0 }) } });
  const exchange = () => hub.exchange(SITE, aWork(0), forever());
  await exchange();
  await hub.control(SITE, { kind: 'restore', iteration: 0 }, forever());
  await exchange();
  assert.equal(steps, 2);
  await a.join(aHello({ hubEpoch: 1 }), forever());
  failing = true;
  await assert.rejects(exchange(), { remoteCode: 'INTERNAL' });
  failing = false;
  await exchange();
  assert.equal(steps, 4);
});

test('turns - one request at a time, in order; a hub that floods the site is told that it is busy', async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = async (received: Work) => {
    log.push(`start ${received.iteration}`);
    await gate.promise;
    log.push(`end ${received.iteration}`);
    return aFeedback(received);
  };
  const { ask } = await aRawHub({}, work);
  const answers = [0, 1, 2, 3, 4].map((iteration) => ask(workDraft(aWork(iteration), 'UInt8')));
  assert.equal(codeOf(await Promise.race(answers)), 'WIRE_BUSY');
  assert.deepEqual(log, ['start 0']);
  gate.resolve();
  const types = (await Promise.all(answers)).map(({ header }) => header.type);
  assert.deepEqual(types, ['feedback', 'feedback', 'feedback', 'feedback', 'error']);
  assert.deepEqual(
    log,
    [0, 1, 2, 3].flatMap((i) => [`start ${i}`, `end ${i}`]),
  );
  assert.equal((await ask(workDraft(aWork(5), 'UInt8'))).header.type, 'feedback', 'there is room again');
});

test('turns - what waits from before a new join is refused: the state that it was meant for is gone', async () => {
  const gate = Promise.withResolvers<void>();
  const steps: number[] = [];
  const work = async (received: Work) => {
    steps.push(received.iteration);
    await gate.promise;
    return aFeedback(received);
  };
  const { ask, site } = await aRawHub({}, work);
  const running = ask(workDraft(aWork(0), 'UInt8'));
  const waiting = ask(workDraft(aWork(1), 'UInt8'));
  await setImmediate();
  await site.join(aHello(), forever());
  gate.resolve();
  await running;
  assert.equal(codeOf(await waiting), 'WIRE_UNREACHABLE');
  assert.deepEqual(steps, [0]);
});

test('a work is checked before it is believed', async () => {
  const { ask } = await aRawHub();
  const work = aWork(0);
  const gray = { shape: [2, 8, 8, 1], data: new Float32Array(128) };
  const flat = { shape: [2, 192], data: work.fakes.data };
  const labels = { shape: [2, 8, 4], classes: new Uint8Array(64) };
  const cases: [string, Draft, object, string][] = [
    ['another run', workDraft(work, 'UInt8'), { run: 'other' }, 'WIRE_MISMATCH'],
    ['another site', workDraft(work, 'UInt8'), { site: 'hospital-b' }, 'WIRE_MISMATCH'],
    ['another codec than agreed', workDraft(work, 'Float16'), {}, 'WIRE_MISMATCH'],
    ['other channels than the data set', workDraft({ ...work, fakes: gray }, 'UInt8'), {}, 'WIRE_MISMATCH'],
    ['no images', workDraft({ ...work, fakes: flat }, 'UInt8'), {}, 'WIRE_MISMATCH'],
    ['too few conditions', workDraft({ ...work, conditions: work.conditions.slice(1) }, 'UInt8'), {}, 'WIRE_BOUNDS'],
    [
      'conditions beside label maps',
      workDraft({ ...work, labels: { shape: [2, 8, 8], classes: new Uint8Array(128) } }, 'UInt8'),
      {},
      'WIRE_BOUNDS',
    ],
    ['label maps of another size', workDraft({ ...work, conditions: [], labels }, 'UInt8'), {}, 'WIRE_MISMATCH'],
    ['no fakes', { fields: workDraft(work, 'UInt8').fields, sections: [] }, {}, 'WIRE_HEADER'],
    ['no question', { fields: { type: 'ack' }, sections: [] }, {}, 'WIRE_MISMATCH'],
    [
      'weights without a beginning',
      { fields: { type: 'control', control: { kind: 'evaluate', part: { index: 1, last: true } } }, sections: [] },
      {},
      'WIRE_MISMATCH',
    ],
  ];
  for (const [what, draft, frame, code] of cases) assert.equal(codeOf(await ask(draft, frame)), code, what);
  assert.equal((await ask(workDraft(work, 'UInt8'))).header.type, 'feedback', 'the unchanged work passes');
});

test('evaluate - weights that do not add up to the announced ones are refused, and the next series starts anew', async () => {
  const { ask } = await aRawHub({}, undefined, { maxWeightElements: 100 });
  const values = (length: number) => floatSection('values', { shape: [length], data: new Float32Array(length) }, 'Float32');
  const part = (index: number, last: boolean, length: number, shape?: number[], names = ['w']): Draft => ({
    fields: {
      type: 'control',
      control: { kind: 'evaluate', part: { index, last }, ...(shape && { parameters: names.map((name) => ({ name, shape })) }) },
    },
    sections: [values(length), jsonSection('segmenter', {})],
  });
  const cases: [string, Draft[], string][] = [
    ['too few', [part(0, false, 4, [10]), part(1, true, 5)], 'WIRE_BOUNDS'],
    ['too many', [part(0, false, 4, [10]), part(1, false, 7)], 'WIRE_BOUNDS'],
    ['more than the limit', [part(0, false, 4, [101])], 'WIRE_BOUNDS'],
    ['no parameters', [part(0, true, 1)], 'WIRE_BOUNDS'],
    ['two of one name', [part(0, false, 4, [10], ['w', 'w'])], 'WIRE_HEADER'],
    ['a gap', [part(0, false, 4, [10]), part(2, true, 6)], 'WIRE_MISMATCH'],
    ['on after a refusal', [part(1, true, 6)], 'WIRE_MISMATCH'],
    ['all there', [part(0, false, 4, [10]), part(1, true, 6)], 'reply'],
  ];
  for (const [what, drafts, code] of cases) {
    const answers = [];
    for (const draft of drafts) answers.push(codeOf(await ask(draft)));
    assert.deepEqual(answers, [...drafts.slice(1).map(() => 'ack'), code], what);
  }
});

test('before it has joined, a site does no work', async () => {
  const connect = inProcessNetwork();
  const link = connect(HUB);
  serve(new SiteEnd(connect(SITE), aSettings(), SITE));
  const bytes = packEnvelope({ protocol: PROTOCOL, run: 'nuclei', site: SITE, epoch: 0 }, workDraft(aWork(0), 'UInt8'), DEFAULT_LIMITS);
  const answer = await link.request({ peer: SITE, type: 'work' }, aLetter(bytes), forever());
  assert.equal(codeOf(openEnvelope(answer.bytes, DEFAULT_LIMITS, PROTOCOL)), 'WIRE_UNREACHABLE');
});

/** A site against a hub that sends whatever the test says. */
async function aRawHub(
  change: Partial<Welcome> = {},
  work: (work: Work) => Promise<Feedback> = async (received) => aFeedback(received),
  limits: Partial<WireLimits> = {},
) {
  const connect = inProcessNetwork();
  const link = connect(HUB);
  const welcome = aWelcome(change);
  const seal = (draft: Draft, frame: object = {}) =>
    packEnvelope({ protocol: PROTOCOL, run: 'nuclei', site: SITE, epoch: welcome.hubEpoch, ...frame }, draft, DEFAULT_LIMITS);
  link.receive(async () => aLetter(seal(welcomeDraft(welcome))));
  const site = new SiteEnd(connect(SITE), aSettings({ limits: { ...DEFAULT_LIMITS, ...limits } }), SITE);
  serve(site, { work });
  await site.join(aHello(), forever());
  const ask = async (draft: Draft, frame: object = {}): Promise<Envelope> => {
    const answer = await link.request({ peer: SITE, type: draft.fields.type }, aLetter(seal(draft, frame)), forever());
    return openEnvelope(answer.bytes, DEFAULT_LIMITS, PROTOCOL);
  };
  const refuse = () => link.receive(async () => aLetter(seal(failureDraft(new Error('not now'), true))));
  return { ask, site, refuse };
}

function codeOf({ header }: Envelope): string {
  return header.type === 'error' ? header.code : header.type;
}
