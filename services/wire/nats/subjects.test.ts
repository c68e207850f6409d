import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HUB } from '../link.ts';
import {
  answerSubject,
  hubPermissions,
  hubSubscriptions,
  routeToHub,
  routeToSite,
  siteOf,
  sitePermissions,
  siteSubscriptions,
} from './subjects.ts';

const on = (subject: string) => `asyndgan.v1.nuclei.${subject}`;

test('routes - by type and size, and where the answer comes back', () => {
  const cases = [
    [routeToSite('nuclei', { peer: 'a', type: 'work', iteration: 7 }, 10), 'data', 'work.a.7', 'feedback.a.7'],
    [routeToSite('nuclei', { peer: 'a', type: 'control' }, 10), 'ctl', 'control.a', 'hello.a.reply'],
    [routeToSite('nuclei', { peer: 'a', type: 'control' }, 1e6), 'data', 'control.a.bulk', 'feedback.a.bulk'],
    [routeToHub('nuclei', 'a', { peer: HUB, type: 'hello' }, 10), 'ctl', 'hello.a', 'welcome.a.ctl'],
    [routeToHub('nuclei', 'a', { peer: HUB, type: 'conditions' }, 10), 'data', 'hello.a.bulk', 'welcome.a.bulk'],
  ] as const;
  for (const [route, line, subject, answer] of cases) assert.deepEqual(route, { line, subject: on(subject), answer: on(answer) });
});

test('every subject of a site, and every answer to one, holds its name in the same place', () => {
  const { publish, subscribe } = sitePermissions('nuclei', 'hospital-a');
  for (const subject of [...publish, ...subscribe]) assert.equal(siteOf(subject), 'hospital-a');
  for (const subject of [...publish, ...subscribe].filter((one) => !/feedback|welcome|reply/.test(one)))
    assert.equal(siteOf(answerSubject(subject)), 'hospital-a');
});

test('permissions - cover exactly what the ends listen to and send, and fit to each other', () => {
  const [site, hub] = [sitePermissions('nuclei', 'a'), hubPermissions('nuclei')];
  const listens = Object.values(siteSubscriptions('nuclei', 'a')).flat();
  assert.deepEqual(listens.toSorted(), [...site.subscribe].toSorted());
  const { ctl, data } = hubSubscriptions('nuclei', ['a']);
  for (const subject of [...ctl, ...data])
    assert.ok(
      hub.subscribe.some((allowed) => covers(allowed, subject)),
      subject,
    );
  for (const subject of site.publish) assert.ok([...ctl, ...data].includes(subject), `the hub does not listen to ${subject}`);
  for (const subject of site.subscribe)
    assert.ok(
      hub.publish.some((allowed) => covers(allowed, subject)),
      subject,
    );
});

test('permissions - a template and any run are whole tokens', () => {
  const { publish, subscribe } = sitePermissions('*', '{{tag(site)}}');
  for (const subject of [...publish, ...subscribe])
    assert.match(subject, /^asyndgan\.v1\.\*\.[a-z]+\.\{\{tag\(site\)\}\}(\.(\*|[a-z]+))?$/);
});

/** Whether a pattern of nats-server allows a subject (or a narrower pattern). */
function covers(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  return wanted.length === tokens.length && wanted.every((token, i) => token === '*' || token === tokens[i]);
}
