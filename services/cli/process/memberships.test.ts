import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MembershipEvent } from '#generator';
import { anExperiment } from '../../../test/a-small-run.ts';
import { memberships } from './memberships.ts';
import type { Report } from './thread.ts';

const EXPERIMENT = anExperiment();

/** What is reported of these events, after the first word. */
function reportsOf(...events: MembershipEvent[]): { first: Report; rest: Report[] } {
  const reports: Report[] = [];
  const observe = memberships(EXPERIMENT, (report) => reports.push(report));
  const [first] = reports.splice(0);
  for (const event of events) observe(event);
  return { first: first!, rest: reports };
}

const anEvent = (kind: MembershipEvent['kind'], present = 2): MembershipEvent =>
  ({ kind, time: '2026-01-01T00:00:00Z', epoch: 3, iteration: 7, present, desired: 2, site: 'north' }) as MembershipEvent;

const problemsOf = (reports: readonly Report[]) => reports.flatMap((report) => (report.kind === 'ready' ? [report.problem] : []));

test('a hub is not ready before its sites are there', () => {
  const { minSites } = EXPERIMENT.spec.membership;
  assert.deepEqual(reportsOf().first, { kind: 'ready', problem: `waiting for the sites: ${minSites} of 2 are needed` });
});

test('every event is a line of the log and three numbers', () => {
  const { rest } = reportsOf(anEvent('joined'));
  const [line, ...numbers] = rest;
  assert.ok(line?.kind === 'log' && line.level === 'info' && line.message === 'membership: joined');
  assert.equal(line.fields['site'], 'north');
  assert.deepEqual(numbers, [
    { kind: 'measured', metric: 'sitesPresent', value: 2 },
    { kind: 'measured', metric: 'sitesDesired', value: 2 },
    { kind: 'measured', metric: 'hubEpoch', value: 3 },
  ]);
});

test('what needs a look is a warning, and a rollback is counted', () => {
  for (const kind of ['lost', 'dropped', 'rolled-back', 'quorum-lost', 'epoch-raised'] as const) {
    const [line] = reportsOf(anEvent(kind)).rest;
    assert.ok(line?.kind === 'log' && line.level === 'warn', kind);
  }
  const counted = (kind: MembershipEvent['kind']) =>
    reportsOf(anEvent(kind)).rest.filter((report) => report.kind === 'measured' && report.metric === 'rollbacks');
  assert.deepEqual(counted('rolled-back'), [{ kind: 'measured', metric: 'rollbacks', value: 1 }]);
  assert.deepEqual(counted('lost'), []);
});

test('the hub is not ready from the loss of the quorum to its return', () => {
  const { rest } = reportsOf(anEvent('quorum-lost', 0), anEvent('joined', 1), anEvent('quorum-returned', 1));
  assert.deepEqual(problemsOf(rest), ['only 0 of 1 sites are there', null]);
});
