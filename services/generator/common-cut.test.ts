import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aSeat } from './a-seat.ts';
import { commonCut } from './common-cut.ts';
import { Participation } from './participation.ts';

/** `rows` of who took part in iterations 0, 1, ... */
function after(...rows: string[]): Participation {
  const participation = new Participation();
  for (const row of rows) participation.add(row.split(''));
  return participation;
}

const seats = (held: Record<string, number[]>) =>
  Object.entries(held).map(([site, snapshots]) => aSeat(site, { snapshots: new Set(snapshots) }));
const from = (all: Record<string, number>) => new Map(Object.entries(all));

test('Exact - the newest cut that hub and members hold', () => {
  const run = after(...Array<string>(9).fill('ab'));
  const common = (cuts: number[], held: Record<string, number[]>) => commonCut(cuts, seats(held), run, 'Exact');
  assert.deepEqual(
    common([2, 4, 6], { a: [4, 6, 8], b: [4, 6, 8] }),
    { cut: 6, from: from({ a: 6, b: 6 }) },
    'the hub died before its part',
  );
  assert.deepEqual(common([2, 4, 6], { a: [2, 4, 6], b: [2, 4] }), { cut: 4, from: from({ a: 4, b: 4 }) }, 'a damaged file');
  assert.deepEqual(common([0], { a: [0], b: [0, 2] }), { cut: 0, from: from({ a: 0, b: 0 }) });
  assert.equal(common([2, 4, 6], { a: [2, 4, 6], b: [0] }), null, 'b has lost its disk');
});

test('Exact - a site that was away at the cut goes on from the state that it had then', () => {
  const run = after('ab', 'ab', 'a', 'a', 'ab', 'ab');
  assert.deepEqual(commonCut([4], seats({ a: [4], b: [0, 2] }), run, 'Exact'), { cut: 4, from: from({ a: 4, b: 2 }) });
  assert.equal(commonCut([4], seats({ a: [4], b: [0, 4] }), run, 'Exact'), null, "b's 4 is of a path that was left");
});

test('Exact - a site that did not take part in the last iteration cannot take the others back', () => {
  const run = after('ab', 'ab', 'a', 'a');
  assert.deepEqual(commonCut([2, 4], seats({ a: [2, 4], b: [0, 1] }), run, 'Exact'), { cut: 4, from: from({ a: 4, b: 1 }) });
});

test('Continue - the newest cut of the hub, and for each site the newest of its own', () => {
  const run = after(...Array<string>(9).fill('ab'));
  assert.deepEqual(commonCut([2, 4, 6], seats({ a: [4, 6, 8], b: [0] }), run, 'Continue'), { cut: 6, from: from({ a: 6, b: 0 }) });
});

test('a cut that the journal does not reach does not count', () => {
  assert.deepEqual(commonCut([2, 4], seats({ a: [2, 4] }), after('a', 'a', 'a'), 'Exact'), { cut: 2, from: from({ a: 2 }) });
});
