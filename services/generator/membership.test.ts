import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aHello } from './a-site.ts';
import { Membership, type Seat } from './membership.ts';

const aMembership = () => new Membership(['north', 'south']);
const some = ({ present, anew, lostAt, left }: Seat) => ({ present, anew, lostAt, left });

test('a site is present once its label maps are here', () => {
  const membership = aMembership();
  assert.equal(membership.seat('north').present, false);
  membership.hello(aHello('north', { snapshots: [2, 4] }), 10);
  assert.deepEqual(some(membership.seat('north')), { present: false, anew: true, lostAt: 10, left: false });
  membership.ready('north');
  assert.deepEqual(some(membership.seat('north')), { present: true, anew: true, lostAt: null, left: false });
  assert.deepEqual([...membership.seat('north').snapshots], [2, 4]);
});

test('a lost site that is heard again is there, but has still not answered since', () => {
  const membership = aMembership();
  membership.hello(aHello('north'), 0);
  membership.ready('north');
  membership.lost('north', 20);
  membership.lost('north', 30);
  assert.deepEqual(some(membership.seat('north')), { present: false, anew: true, lostAt: 20, left: false });
  membership.heard('north');
  assert.equal(membership.seat('north').present, true);
  assert.equal(membership.seat('north').lostAt, 20);
  membership.answered('north');
  assert.equal(membership.seat('north').lostAt, null);
});

test('the snapshots of a site are those of its hello, kept since, not struck out, and not after what it went back to', () => {
  const membership = aMembership();
  membership.hello(aHello('north', { snapshots: [2, 4] }), 0);
  membership.kept('north', 6);
  membership.kept('north', 8);
  membership.strike('north', 4);
  membership.restored('north', 6);
  assert.deepEqual([...membership.seat('north').snapshots], [2, 6]);
  assert.equal(membership.seat('north').anew, false);
});

test('a site that left and says hello again is back', () => {
  const membership = aMembership();
  membership.left('north', 5);
  assert.equal(membership.seat('north').left, true);
  membership.hello(aHello('north'), 9);
  assert.equal(membership.seat('north').left, false);
});

test('members are in the order of the experiment, whoever comes first', () => {
  const membership = aMembership();
  for (const site of ['south', 'north']) membership.enlist(site);
  assert.deepEqual(
    membership.members.map(({ site }) => site),
    ['north', 'south'],
  );
  membership.drop('north');
  assert.deepEqual(
    membership.members.map(({ site }) => site),
    ['south'],
  );
});

test('whoever waits is woken by the next change', async () => {
  const membership = aMembership();
  let woken = 0;
  void membership.changed.then(() => woken++);
  await new Promise(setImmediate);
  assert.equal(woken, 0);
  membership.enlist('north');
  await new Promise(setImmediate);
  assert.equal(woken, 1);
});
