/** What credentials allow, as a real server enforces it. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createUser, encodeUser, fmtCreds, parseCreds, type User } from '@nats-io/jwt';
import { NATS_SERVERS } from '../wire/nats-server.ts';
import { eventually, listen, RUN, startFederation, type TestFederation } from './a-federation.ts';

const ofSite = (site: string) =>
  [`work.${site}.*`, `control.${site}`, `control.${site}.bulk`, `welcome.${site}.ctl`, `welcome.${site}.bulk`].map(
    (subject) => `${RUN}.${subject}`,
  );
const OWN = ofSite('a');
const OWN_OF_B = ofSite('b');
const OF_THE_HUB = ['hello.*', 'hello.*.bulk', 'hello.*.reply', 'feedback.*.*'].map((subject) => `${RUN}.${subject}`);

const NOT_FOR_A_TO_HEAR = [
  ...OWN_OF_B,
  ...OF_THE_HUB,
  `${RUN}.work.*.*`,
  `${RUN}.feedback.a.*`,
  'asyndgan.v1.>',
  '>',
  '_INBOX.>',
  '$SYS.>',
  '$JS.API.>',
];

const NOT_FOR_A_TO_SAY = [
  ...[
    'hello.b',
    'hello.b.bulk',
    'hello.b.reply',
    'feedback.b.1',
    'feedback.a.1.more',
    'work.a.1',
    'work.b.1',
    'control.a',
    'control.b',
    'control.b.bulk',
    'welcome.b.ctl',
    'welcome.a.bulk',
  ].map((subject) => `${RUN}.${subject}`),
  '$SYS.REQ.CLAIMS.UPDATE',
];

for (const { name, binary, missing } of NATS_SERVERS) {
  test(`${name}: sites and hub reach each other on their own subjects`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const [hub, a] = await hubAndTwoSites(federation);
    const atHub = await listen(hub, ...OF_THE_HUB);
    const atA = await listen(a, ...OWN);
    for (const subject of ['hello.a', 'hello.a.bulk', 'hello.a.reply', 'feedback.a.1']) a.publish(`${RUN}.${subject}`, 'up');
    for (const subject of ['work.a.1', 'control.a', 'control.a.bulk', 'welcome.a.ctl', 'welcome.a.bulk'])
      hub.publish(`${RUN}.${subject}`, 'down');
    await eventually('all messages', () => atHub.messages.length >= 4 && atA.messages.length >= 5);
    assert.deepEqual(
      [atHub, atA].map(({ messages, refusals }) => [messages.length, refusals]),
      [
        [4, []],
        [5, []],
      ],
    );
  });

  test(`${name}: a site cannot hear another site, the hub, or the server`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const [hub, a, b] = await hubAndTwoSites(federation);
    const atA = await listen(a, ...NOT_FOR_A_TO_HEAR);
    const atB = await listen(b, ...OWN_OF_B);
    for (const subject of ['work.b.1', 'control.b', 'control.b.bulk', 'welcome.b.ctl']) hub.publish(`${RUN}.${subject}`, 'for b');
    b.publish(`${RUN}.feedback.b.1`, 'of b');
    await Promise.all([hub.flush(), b.flush()]);
    await eventually("the hub's messages at b", () => atB.messages.length === 4);
    await a.flush();
    assert.deepEqual(atA.messages, []);
    assert.deepEqual(atA.refusals.sort(), NOT_FOR_A_TO_HEAR.map((subject) => `${subject}: PermissionViolationError`).sort());
  });

  test(`${name}: a site cannot speak as another site or as the hub`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const [hub, a, b] = await hubAndTwoSites(federation);
    const atHub = await listen(hub, ...OF_THE_HUB);
    const atA = await listen(a, ...OWN);
    const atB = await listen(b, ...OWN_OF_B);
    for (const subject of NOT_FOR_A_TO_SAY) a.publish(subject, 'forged');
    a.publish(`${RUN}.feedback.a.1`, 'honest');
    await eventually('the last message of a', () => atHub.messages.length > 0);
    for (const site of ['a', 'b']) hub.publish(`${RUN}.control.${site}`, 'honest');
    await eventually("the hub's message", () => atA.messages.length > 0 && atB.messages.length > 0);
    assert.deepEqual(atHub.messages, [`${RUN}.feedback.a.1 honest`]);
    assert.deepEqual(atA.messages, [`${RUN}.control.a honest`]);
    assert.deepEqual(atB.messages, [`${RUN}.control.b honest`]);
  });

  test(`${name}: credentials that name runs hold for those alone`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const a = await federation.client(await federation.enrol('a', { runs: ['run-1', 'run-2'] }));
    const hub = await federation.client(federation.bundle('hub'));
    const atHub = await listen(hub, 'asyndgan.v1.*.feedback.*.*');
    const atA = await listen(a, ...['run-1', 'run-2', 'run-3', '*'].map((run) => `asyndgan.v1.${run}.work.a.*`));
    for (const run of ['run-3', 'run-2', 'run-1']) {
      a.publish(`asyndgan.v1.${run}.feedback.a.1`, run);
      hub.publish(`asyndgan.v1.${run}.work.a.1`, run);
    }
    await eventually('the messages of run-1', () => [atHub, atA].every(({ messages }) => messages.some((text) => text.endsWith('run-1'))));
    assert.deepEqual(atHub.messages, ['asyndgan.v1.run-2.feedback.a.1 run-2', 'asyndgan.v1.run-1.feedback.a.1 run-1']);
    assert.deepEqual(atA.messages, ['asyndgan.v1.run-2.work.a.1 run-2', 'asyndgan.v1.run-1.work.a.1 run-1']);
    assert.deepEqual(
      atA.refusals.sort(),
      ['*', 'run-3'].map((run) => `asyndgan.v1.${run}.work.a.*: PermissionViolationError`),
    );
  });

  test(`${name}: what a stolen site key signs is a site's at most, and without a name nothing`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const nobody = await federation.client(await forge(federation, 'nobody', {}));
    const heard = await listen(nobody, ...OWN, '>');
    assert.equal(heard.refusals.length, OWN.length + 1);
    const greedy = await forge(federation, 'greedy', { pub: { allow: ['>'] }, sub: { allow: ['>'] }, tags: ['site:a', 'run:*'] });
    await assert.rejects(federation.client(greedy, { reconnect: false }), /Authorization Violation/);
    const bearer = await forge(federation, 'bearer', { bearer_token: true, tags: ['site:a', 'run:*'] });
    await assert.rejects(federation.client(bearer, { reconnect: false }), /Authorization Violation/);
  });

  test(`${name}: the system's credentials hand in accounts and nothing else`, { skip: missing }, async (t) => {
    const federation = await startFederation(t, binary);
    const system = await federation.client(federation.bundle('system'));
    const { refusals } = await listen(system, '$SYS.>', '_INBOX.>', 'asyndgan.v1.>');
    assert.equal(refusals.length, 3);
  });
}

async function hubAndTwoSites(federation: TestFederation) {
  const a = await federation.client(await federation.enrol('a'));
  const b = await federation.client(await federation.enrol('b'));
  return [await federation.client(federation.bundle('hub')), a, b] as const;
}

/** Credentials made with the federation's site key by somebody who has stolen it; the folder of a bundle with them. */
async function forge(federation: TestFederation, name: string, claims: Partial<User>): Promise<string> {
  const seed = (await readFile(join(federation.directory, 'keys', 'site.seed'), 'utf8')).trim();
  const folder = await federation.enrol(name);
  const file = join(folder, `${name}.creds`);
  const { aid } = await parseCreds(await readFile(file));
  const user = createUser();
  const jwt = await encodeUser(name, user, new TextEncoder().encode(seed), { issuer_account: aid, ...claims }, { scopedUser: true });
  await writeFile(file, fmtCreds(jwt, user));
  return folder;
}
