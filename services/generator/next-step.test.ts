import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aSeat } from './a-seat.ts';
import type { Seat } from './membership.ts';
import { nextStep, type Rules, type Step } from './next-step.ts';

const NOW = 1_000_000;
const a = (change: Partial<Seat> = {}) => aSeat('a', change);
const b = (change: Partial<Seat> = {}) => aSeat('b', change);
const newcomer = (site: string) => aSeat(site, { member: false, anew: true });
const nobody = (site: string) => aSeat(site, { member: false, present: false });
const lostFor = (seconds: number): Partial<Seat> => ({ present: false, lostAt: NOW - 1000 * seconds });

const CASES: { name: string; seats: Seat[]; torn?: boolean; rules?: Partial<Rules>; expect: Step }[] = [
  { name: 'all are there', seats: [a(), b()], expect: { kind: 'Go' } },
  { name: 'a site that was never there is not waited for', seats: [a(), nobody('b')], expect: { kind: 'Go' } },
  {
    name: 'a lost site is waited for until its time is over',
    seats: [a(), b(lostFor(100))],
    expect: { kind: 'Wait', until: NOW + 200_000, quorum: true },
  },
  { name: 'then the others go on', seats: [a(), b(lostFor(300))], expect: { kind: 'Drop', site: 'b' } },
  {
    name: 'a site that leaves is not waited for',
    seats: [a(), b({ present: false, left: true, lostAt: NOW })],
    expect: { kind: 'Drop', site: 'b' },
  },
  {
    name: 'without quorum nobody is left behind, however long it takes',
    seats: [a(), b(lostFor(9999))],
    rules: { minSites: 2 },
    expect: { kind: 'Wait', until: null, quorum: false },
  },
  {
    name: 'a newcomer makes up for a lost site',
    seats: [a(), b(lostFor(300)), newcomer('c')],
    rules: { minSites: 2 },
    expect: { kind: 'Drop', site: 'b' },
  },
  {
    name: 'a newcomer waits like the others for one who may come back',
    seats: [a(), b(lostFor(100)), newcomer('c')],
    expect: { kind: 'Wait', until: NOW + 200_000, quorum: true },
  },
  { name: 'a site that is heard again has its chance', seats: [a(), b({ lostAt: NOW - 999_000 })], expect: { kind: 'Go' } },
  { name: 'Exact: a member that started anew takes all back', seats: [a(), b({ anew: true })], expect: { kind: 'RestoreAll' } },
  {
    name: 'Exact: but not before its label maps are here',
    seats: [a(), b({ anew: true, present: false, lostAt: NOW })],
    expect: { kind: 'Wait', until: NOW + 300_000, quorum: true },
  },
  {
    name: 'Continue: a member that started anew goes on from its own',
    seats: [a(), b({ anew: true })],
    rules: { recovery: 'Continue' },
    expect: { kind: 'Admit', site: 'b' },
  },
  { name: 'Exact: a newcomer takes nobody back', seats: [a(), newcomer('b')], expect: { kind: 'Admit', site: 'b' } },
  { name: 'what was torn is made whole first', seats: [a(), newcomer('b')], torn: true, expect: { kind: 'RestoreAll' } },
  {
    name: 'what is torn cannot be made whole while a member is missing',
    seats: [a(), b(lostFor(0))],
    torn: true,
    expect: { kind: 'Wait', until: NOW + 300_000, quorum: true },
  },
];

for (const { name, seats, torn = false, rules, expect } of CASES) {
  test(`next step - ${name}`, () => {
    assert.deepEqual(nextStep(seats, torn, { minSites: 1, recovery: 'Exact', siteTimeoutMs: 300_000, ...rules }, NOW), expect);
  });
}
