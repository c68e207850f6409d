import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anExperiment } from './an-experiment.ts';
import { parseExperiment } from './parse.ts';
import { unsupported } from './unsupported.ts';

const withTraining = (training: Record<string, unknown>) => parseExperiment(anExperiment({ training }), 'x.yaml');

test('the defaults can be run', () => assert.deepEqual(unsupported(withTraining({})), []));

test('what comes later is sound, but named as not yet runnable', () => {
  assert.deepEqual(unsupported(withTraining({ schedule: { mode: 'BoundedStaleness' }, mixture: 'Odds' })), [
    'spec.training.schedule.mode: BoundedStaleness comes with a later release; use Synchronous',
    'spec.training.mixture: Odds comes with a later release; use SiteSize or Uniform',
  ]);
  assert.equal(unsupported(withTraining({ mixture: 'Forgiving' })).length, 1);
  const gated = parseExperiment(anExperiment({ release: { gates: { minDice: 0.8 } } }), 'x.yaml');
  assert.match(unsupported(gated).join(), /^spec\.release\.gates: /);
});
