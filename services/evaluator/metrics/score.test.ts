import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsReference } from '../../../test/references/metrics/read.ts';
import { aggregate, type SegmentationScore, scoreSegmentation } from './score.ts';

const INSTANCES = { kind: 'Instances', classes: 3 } as const;

const truthOf = (labels: Int32Array) => ({ classes: Uint8Array.from(labels, (id) => (id > 0 ? 1 : 0)), instances: labels });

for (const row of metricsReference.cases) {
  test(`score equals MedPy's and the paper's numbers: ${row.name}`, () => {
    const score = scoreSegmentation(row.probabilities, truthOf(row.labels), row.height, row.width, INSTANCES);
    for (const key of ['dice', 'aji', 'hd95', 'sensitivity', 'specificity'] as const) {
      assert.ok(Math.abs(score[key] - row[key]) < 1e-12, `${key}: ${score[key]} instead of ${row[key]}`);
    }
  });
}

test('instances: boundary counts as foreground in truth and in the prediction', () => {
  const truth = { classes: Uint8Array.of(0, 1, 2, 0), instances: Int32Array.of(0, 1, 1, 0) };
  const probabilities = Float32Array.of(0.9, 0.1, 0, 0.4, 0.3, 0.3, 0.3, 0, 0.7, 0.6, 0.3, 0.1);
  assert.equal(scoreSegmentation(probabilities, truth, 1, 4, INSTANCES).dice, 1);
});

test('classes: the mean over the foreground classes, absent classes agreeing', () => {
  const hot = (...labels: number[]): Float32Array => Float32Array.from(labels.flatMap((k) => [0, 1, 2, 3].map((c) => (c === k ? 1 : 0))));
  const truth = { classes: Uint8Array.of(0, 1, 1, 2, 2, 0), instances: null };
  const score = scoreSegmentation(hot(0, 1, 1, 2, 0, 0), truth, 1, 6, { kind: 'Classes', classes: 4 });
  assert.ok(Math.abs(score.dice - (1 + 2 / 3 + 1) / 3) < 1e-12);
  assert.ok(Math.abs(score.sensitivity - (1 + 1 / 2 + 1) / 3) < 1e-12);
  assert.equal(score.specificity, 1);
  assert.equal(score.aji, 3 / 4); // one component of foreground: 3 of its 4 pixels
});

test('arrays that do not fit the image are refused', () => {
  const truth = { classes: new Uint8Array(4), instances: null };
  assert.throws(() => scoreSegmentation(new Float32Array(8), truth, 2, 2, INSTANCES), RangeError);
});

test('aggregate is the mean of every metric, and refuses an empty list', () => {
  const of = (value: number): SegmentationScore => ({ dice: value, aji: value / 2, hd95: 10 * value, sensitivity: 1, specificity: value });
  assert.deepEqual(aggregate([of(0), of(1)]), { dice: 0.5, aji: 0.25, hd95: 5, sensitivity: 1, specificity: 0.5 });
  assert.throws(() => aggregate([]), /at least one/);
});
