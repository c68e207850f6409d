import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HUB, type Letter } from '../link.ts';
import { letter, textOf } from './a-lossy-network.ts';
import { Answers } from './answers.ts';
import type { Packet, PacketKind } from './packet.ts';
import type { LineName } from './subjects.ts';

const SUBJECT = 'asyndgan.v1.nuclei.control.a';

/** A site that is asked, and what it says. */
function aSite(work: (text: string) => Promise<string> = async (text) => `re: ${text}`) {
  const said: { subject: string; kind: PacketKind; id: string; attempt: number; text: string }[] = [];
  const asked: string[] = [];
  const answers = new Answers(async (_line, subject, { letter: content, floor: _floor, ...packet }) => {
    said.push({ subject, ...packet, text: textOf(content) });
    return true;
  });
  answers.receive(async (_peer: string, request: Letter) => {
    asked.push(textOf(request));
    return letter(await work(textOf(request)));
  });
  const hear = async (packet: Partial<Packet>, line: LineName = 'ctl') => {
    answers.heard(HUB, line, SUBJECT, { kind: 'request', id: 'life-1', attempt: 1, floor: 0, letter: letter('x'), ...packet });
    await setImmediate();
  };
  return { said, asked, answers, hear };
}

test('an answer goes to the one subject of its request, whatever its copies are asked for', async () => {
  const { said, hear } = aSite();
  await hear({ attempt: 7 });
  assert.deepEqual(said, [{ subject: 'asyndgan.v1.nuclei.hello.a.reply', kind: 'answer', id: 'life-1', attempt: 7, text: 're: x' }]);
});

test('copies: of one at work it is said that it is at work, of an answered one the answer is repeated; the work is done once', async () => {
  const gate = Promise.withResolvers<string>();
  const { said, asked, hear } = aSite(() => gate.promise);
  await hear({ attempt: 1 });
  await hear({ attempt: 2 });
  await hear({ kind: 'probe', attempt: 3 });
  gate.resolve('done');
  await setImmediate();
  await hear({ attempt: 4 });
  await hear({ kind: 'probe', attempt: 5 });
  assert.deepEqual(
    said.map(({ kind, attempt, text }) => `${kind} ${attempt} ${text}`.trim()),
    ['working 2', 'working 3', 'answer 3 done', 'answer 4 done', 'answer 5 done'],
  );
  assert.equal(asked.length, 1);
});

test('a probe of what was never heard is answered so, and another life of the asker is another asker', async () => {
  const { said, asked, hear } = aSite();
  await hear({ kind: 'probe' });
  await hear({ id: 'next-1', letter: letter('y') });
  assert.deepEqual([said[0]?.kind, said[1]?.text], ['unknown', 're: y']);
  assert.deepEqual(asked, ['y']);
});

test('memory is bounded: the newest answers are kept, and a late copy of an older request is dropped, not done again', async () => {
  for (const [line, kept] of [
    ['ctl', 16],
    ['data', 4],
  ] as const) {
    const { said, asked, hear } = aSite();
    for (let n = 1; n <= kept + 1; n++) await hear({ id: `life-${n}` }, line);
    said.length = 0;
    for (const n of [1, 2, kept + 1]) await hear({ id: `life-${n}` }, line);
    assert.deepEqual(
      said.map(({ kind, id }) => `${kind} ${id}`),
      ['answer life-2', `answer life-${kept + 1}`],
    );
    assert.equal(asked.length, kept + 1);
  }
});

test('what the asker no longer waits for is forgotten, and never done late', async () => {
  const { said, asked, hear } = aSite();
  await hear({ id: 'life-1' });
  await hear({ id: 'life-3', floor: 3 });
  for (const n of [1, 2]) await hear({ id: `life-${n}` });
  await hear({ id: 'life-2', kind: 'probe' });
  assert.equal(asked.length, 2);
  assert.deepEqual(
    said.map(({ id }) => id),
    ['life-1', 'life-3'],
  );
});

test('an asker that floods is heard up to a bound, over all its lives; other askers are heard', async () => {
  const { asked, answers, hear } = aSite(() => new Promise(() => {}));
  for (let n = 0; n < 100; n++) await hear({ id: `life${n % 5}-${n + 1}` });
  assert.equal(asked.length, 8);
  answers.heard('hospital-b', 'ctl', SUBJECT, { kind: 'request', id: 'life-1', attempt: 1, floor: 0, letter: letter('b') });
  assert.deepEqual(asked.slice(8), ['b']);
});

test('before there is a receiver a request is as if lost, and can be asked again', async () => {
  const kinds: PacketKind[] = [];
  const answers = new Answers(async (_line, _subject, { kind }) => {
    kinds.push(kind);
    return true;
  });
  const packet: Packet = { kind: 'request', id: 'life-1', attempt: 1, floor: 0, letter: letter('x') };
  answers.heard(HUB, 'ctl', SUBJECT, packet);
  answers.heard(HUB, 'ctl', SUBJECT, { ...packet, kind: 'probe' });
  answers.receive(async () => letter('y'));
  answers.heard(HUB, 'ctl', SUBJECT, packet);
  await setImmediate();
  assert.deepEqual(kinds, ['unknown', 'answer']);
});

test('an answer that the server does not take is reported as such', async () => {
  const kinds: PacketKind[] = [];
  const answers = new Answers(async (_line, _subject, { kind }) => {
    kinds.push(kind);
    if (kind === 'answer') throw new Error('max_payload');
    return true;
  });
  answers.receive(async () => letter('much'));
  answers.heard(HUB, 'ctl', SUBJECT, { kind: 'request', id: 'life-1', attempt: 1, floor: 0, letter: letter('x') });
  await answers.settled();
  assert.deepEqual(kinds, ['answer', 'oversize']);
});
