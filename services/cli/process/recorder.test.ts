import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type Metrics, NO_METRICS } from '#telemetry';
import { Recorder } from './recorder.ts';

/** A recorder, and the metrics and lines that it has made. */
function aRecorder() {
  const recorded: [name: string, value: number, attributes?: object][] = [];
  const names = Object.keys(NO_METRICS);
  const metrics = Object.fromEntries(
    names.map((name) => [
      name,
      (value: number, attributes?: object) => recorded.push(attributes ? [name, value, attributes] : [name, value]),
    ]),
  ) as unknown as Metrics;
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'text', write: (line) => lines.push(line) });
  return { recorder: new Recorder(metrics, logger), recorded, lines };
}

test('an iteration is its number, its times, and for each site latency, bytes and losses', () => {
  const { recorder, recorded } = aRecorder();
  const north = { losses: { generator: 0.5, discriminator: 1.5 }, seconds: 0.2, bytes: { down: 100, up: 50 } };
  const entry = { iteration: 6, seconds: 0.3, phases: { forward: 0.1 }, epoch: 1, sites: { north } };
  recorder.take({ kind: 'iterated', entry, liveHandles: 12 });
  assert.deepEqual(recorded, [
    ['iteration', 7],
    ['iterationDuration', 0.3],
    ['phaseDuration', 0.1, { phase: 'forward' }],
    ['siteLatency', 0.2, { site: 'north' }],
    ['wireBytes', 100, { site: 'north', direction: 'down' }],
    ['wireBytes', 50, { site: 'north', direction: 'up' }],
    ['siteStaleness', 0, { site: 'north' }],
    ['loss', 0.5, { site: 'north', side: 'generator' }],
    ['loss', 1.5, { site: 'north', side: 'discriminator' }],
    ['tensorsLive', 12],
  ]);
});

test('a process has the problem that it starts, until its training thread says otherwise', () => {
  const { recorder } = aRecorder();
  assert.equal(recorder.problem, 'starting');
  recorder.take({ kind: 'ready', problem: 'waiting for the sites' });
  assert.equal(recorder.problem, 'waiting for the sites');
  recorder.take({ kind: 'ready', problem: null });
  assert.equal(recorder.problem, null);
});

test('lines, measurements and reconnects are passed on', () => {
  const { recorder, recorded, lines } = aRecorder();
  recorder.take({ kind: 'log', level: 'warn', message: 'membership: lost', fields: { site: 'north' } });
  recorder.take({ kind: 'measured', metric: 'rollbacks', value: 1 });
  recorder.reconnected();
  assert.match(lines.join('\n'), /warn {2}membership: lost site=north$/);
  assert.deepEqual(recorded, [
    ['rollbacks', 1],
    ['natsReconnects', 1],
  ]);
});
