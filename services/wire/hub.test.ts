import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { aFederation, aFeedback, aHello, aLetter, aSettings, aWelcome, aWork, forever, SITE, serve } from './a-federation.ts';
import { conditionsDrafts } from './conditions.ts';
import { type Draft, type Envelope, openEnvelope, packEnvelope } from './envelope.ts';
import { WireVersionError } from './errors.ts';
import { HubEnd } from './hub.ts';
import { inProcessNetwork } from './in-process.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { HUB } from './link.ts';
import { helloDraft } from './membership.ts';
import { PROTOCOL } from './messages.ts';
import { SiteEnd } from './site.ts';
import { feedbackDraft } from './training.ts';

test('a feedback is checked before it is believed', async () => {
  const feedback = aFeedback(aWork(3));
  const draft = (change: object, codec: 'Float16' | 'Float32' = 'Float16') => feedbackDraft({ ...feedback, ...change }, codec, Math.random);
  const small = { shape: [1, 8, 8, 3], data: new Float32Array(192) };
  const turned = { shape: [2, 8, 3, 8], data: new Float32Array(384) };
  const cases: [string, Draft, object, string][] = [
    ['another iteration', draft({ iteration: 2 }), {}, 'WIRE_MISMATCH'],
    ['another generator version', draft({ generatorVersion: 4 }), {}, 'WIRE_MISMATCH'],
    ['another hub epoch', draft({}), { epoch: 2 }, 'WIRE_EPOCH'],
    ['another site', draft({}), { site: 'hospital-b' }, 'WIRE_MISMATCH'],
    ['another run', draft({}), { run: 'other' }, 'WIRE_MISMATCH'],
    ['fewer gradients than fakes', draft({ gradient: small }), {}, 'WIRE_MISMATCH'],
    ['gradients of another shape', draft({ gradient: turned }), {}, 'WIRE_MISMATCH'],
    ['another codec than agreed', draft({}, 'Float32'), {}, 'WIRE_MISMATCH'],
    ['another type', { fields: { type: 'ack' }, sections: [] }, {}, 'WIRE_MISMATCH'],
    ['no gradient', { fields: draft({}).fields, sections: [] }, {}, 'WIRE_HEADER'],
  ];
  for (const [what, answer, frame, code] of cases) {
    const { hub, answerWith } = await aRawSite();
    answerWith(answer, frame);
    await assert.rejects(hub.exchange(SITE, aWork(3), forever()), { code }, what);
    answerWith(draft({}));
    assert.equal((await hub.exchange(SITE, aWork(3), forever())).iteration, 3, 'the hub goes on');
  }
});

test('a reply to another control is refused', async () => {
  const { hub, answerWith } = await aRawSite();
  answerWith({ fields: { type: 'reply', reply: { kind: 'stop' } }, sections: [] });
  await assert.rejects(hub.control(SITE, { kind: 'snapshot', iteration: 5 }, forever()), { code: 'WIRE_MISMATCH' });
  answerWith({ fields: { type: 'reply', reply: { kind: 'snapshot', iteration: 4 } }, sections: [] });
  await assert.rejects(hub.control(SITE, { kind: 'snapshot', iteration: 5 }, forever()), { code: 'WIRE_MISMATCH' });
});

test('heartbeats - a site that the hub knows is heard; one that it does not know, or knew under another epoch, has to join again', async () => {
  const { hub, site, a } = await aFederation();
  const heard: [string, boolean][] = [];
  hub.onHeartbeat((name, leaving) => heard.push([name, leaving]));
  assert.equal(await a.heartbeat(false, forever()), 'known');
  assert.equal(await a.heartbeat(true, forever()), 'known');
  assert.deepEqual(heard, [
    [SITE, false],
    [SITE, true],
  ]);
  hub.forget(SITE);
  assert.equal(await a.heartbeat(false, forever()), 'rejoin');
  hub.onJoin(async () => aWelcome({ hubEpoch: 2 }));
  await a.join(aHello({ hubEpoch: 1 }), forever());
  assert.equal(await a.heartbeat(false, forever()), 'known');
  await assert.rejects(site('hospital-b').heartbeat(false, forever()), { code: 'WIRE_USAGE' });
  assert.equal(heard.length, 3);

  const { ask } = await aRawSite();
  const beat: Draft = { fields: { type: 'heartbeat', leaving: false }, sections: [] };
  assert.equal(codeOf(await ask(beat)), 'ack');
  for (const epoch of [0, 2]) assert.equal(codeOf(await ask(beat, { epoch })), 'WIRE_REJOIN');
});

test('forgetting - what waits for the site is rejected, and nothing is sent to it before it joins again', async () => {
  let works = 0;
  const { hub, a } = await aFederation({ handlers: { work: () => new Promise(() => works++) } });
  const waiting = assert.rejects(hub.exchange(SITE, aWork(0), forever()), { code: 'WIRE_UNREACHABLE', retryable: true });
  await setImmediate();
  await setImmediate();
  hub.forget(SITE);
  await waiting;
  await assert.rejects(hub.exchange(SITE, aWork(0), forever()), { code: 'WIRE_UNREACHABLE' });
  assert.equal(works, 1);
  assert.equal(a.closed.aborted, false);
});

test('closing - each end knows that it is closed, and not that the other one is', async () => {
  const { hub, a } = await aFederation();
  await a.close();
  assert.equal(a.closed.reason.code, 'WIRE_CLOSED');
  assert.equal(hub.closed.aborted, false);
  await hub.close();
  assert.equal(hub.closed.reason.code, 'WIRE_CLOSED');
});

test('rejoining - what the site was asked before is rejected at once and can be asked again', async () => {
  const { hub, ask, link, answerWith } = await aRawSite();
  link.receive(() => new Promise(() => {}));
  const exchange = assert.rejects(hub.exchange(SITE, aWork(7), forever()), {
    code: 'WIRE_UNREACHABLE',
    retryable: true,
    message: /joined again/,
  });
  await setImmediate();
  await ask(helloDraft(aHello({ hubEpoch: 1 })));
  await exchange;
  answerWith(feedbackDraft(aFeedback(aWork(7)), 'Float16', Math.random));
  assert.equal((await hub.exchange(SITE, aWork(7), forever())).iteration, 7);
});

test('a site can only speak for itself', async () => {
  const { ask } = await aRawSite();
  assert.equal(codeOf(await ask(helloDraft(aHello()), { site: 'hospital-b' })), 'WIRE_MISMATCH');
  assert.equal(codeOf(await ask(helloDraft(aHello()), { run: 'other' })), 'WIRE_MISMATCH');
  assert.equal(codeOf(await ask({ fields: { type: 'ack' }, sections: [] })), 'WIRE_MISMATCH');
});

test('a refused hello leaves the site out', async () => {
  const refused: unknown[] = [];
  const connect = inProcessNetwork();
  const hub = new HubEnd(connect(HUB), aSettings({ refused: (site) => refused.push(site) }));
  hub.onJoin(async () => {
    throw Object.assign(new Error('size 64, the experiment has 128'), { code: 'SITE_GEOMETRY' });
  });
  const site = new SiteEnd(connect(SITE), aSettings(), SITE);
  await assert.rejects(site.join(aHello(), forever()), { remoteCode: 'SITE_GEOMETRY', message: /size 64/ });
  assert.deepEqual(refused, [SITE]);
  await assert.rejects(hub.exchange(SITE, aWork(0), forever()), { code: 'WIRE_UNREACHABLE' });
});

test('conditions - parts out of order and of another epoch are refused, and a new series starts anew', async () => {
  const { ask, hub } = await aRawSite();
  const got: number[] = [];
  hub.onConditions(async (_site, { maps }) => {
    got.push(maps.length);
  });
  const [only] = conditionsDrafts({ size: 16, maps: [{ key: 'k', classes: new Uint8Array(256) }] });
  const part = (index: number, last: boolean, key = 'k'): Draft => ({
    fields: { ...only!.fields, type: 'conditions', part: { index, last }, size: 16, keys: [key] },
    sections: only!.sections,
  });
  assert.equal(codeOf(await ask(part(1, true))), 'WIRE_MISMATCH');
  assert.equal(codeOf(await ask(part(0, false))), 'ack');
  assert.equal(codeOf(await ask(part(2, true))), 'WIRE_MISMATCH');
  assert.equal(codeOf(await ask(part(1, true, 'l'))), 'WIRE_MISMATCH');
  for (let again = 0; again < 2; again++) assert.equal(codeOf(await ask(part(0, false))), 'ack');
  assert.equal(codeOf(await ask(part(1, true, 'l'))), 'ack');
  assert.equal(codeOf(await ask(part(0, true), { epoch: 9 })), 'WIRE_EPOCH');
  assert.deepEqual(got, [2]);
});

test('versions - a site of another major version: both sides say both versions', async () => {
  const connect = inProcessNetwork();
  const refused: unknown[] = [];
  const hub = new HubEnd(connect(HUB), aSettings({ refused: (_site, error) => refused.push(error) }));
  hub.onJoin(async () => aWelcome());
  const site = new SiteEnd(connect(SITE), aSettings({ protocol: { major: 2, minor: 1 } }), SITE);
  await assert.rejects(site.join(aHello(), forever()), { code: 'WIRE_VERSION', message: /1\.0.*2\.1/ });
  assert.ok(refused[0] instanceof WireVersionError && /2\.1.*1\.0/.test(refused[0].message));
});

test('versions - a site of another minor version joins', async () => {
  const connect = inProcessNetwork();
  const hub = new HubEnd(connect(HUB), aSettings());
  hub.onJoin(async () => aWelcome());
  const site = new SiteEnd(connect(SITE), aSettings({ protocol: { major: 1, minor: 7 } }), SITE);
  serve(site);
  await site.join(aHello(), forever());
  assert.equal((await hub.exchange(SITE, aWork(0), forever())).iteration, 0);
});

test('garbage is answered with an error, and the site beside it goes on', async () => {
  const { link, hub, answerWith } = await aRawSite();
  for (const bytes of [new Uint8Array(0), new Uint8Array(1000).fill(255), Uint8Array.of(2, 0, 0, 0, 0x7b, 0x7d, 0, 0)]) {
    const answer = await link.request({ peer: HUB, type: 'hello' }, aLetter(bytes), forever());
    assert.match(codeOf(openEnvelope(answer.bytes, DEFAULT_LIMITS, PROTOCOL)), /^WIRE_(BOUNDS|HEADER)$/);
  }
  answerWith(feedbackDraft(aFeedback(aWork(0)), 'Float16', Math.random));
  await hub.exchange(SITE, aWork(0), forever());
});

/** A hub against a site that answers whatever the test says; it has joined. */
async function aRawSite() {
  const connect = inProcessNetwork();
  const hub = new HubEnd(connect(HUB), aSettings());
  hub.onJoin(async () => aWelcome());
  const link = connect(SITE);
  const seal = (draft: Draft, frame: object) =>
    packEnvelope({ protocol: PROTOCOL, run: 'nuclei', site: SITE, epoch: 1, ...frame }, draft, DEFAULT_LIMITS);
  const ask = async (draft: Draft, frame: object = {}): Promise<Envelope> => {
    const answer = await link.request({ peer: HUB, type: draft.fields.type }, aLetter(seal(draft, frame)), forever());
    return openEnvelope(answer.bytes, DEFAULT_LIMITS, PROTOCOL);
  };
  const answerWith = (draft: Draft, frame: object = {}) => link.receive(async () => aLetter(seal(draft, frame)));
  assert.equal((await ask(helloDraft(aHello()), { epoch: 0 })).header.type, 'welcome');
  return { hub, link, ask, answerWith };
}

function codeOf({ header }: Envelope): string {
  return header.type === 'error' ? header.code : header.type;
}
