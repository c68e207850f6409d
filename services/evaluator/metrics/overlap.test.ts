import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confusion, dice, sensitivity, specificity } from './overlap.ts';

const mask = (text: string): Uint8Array => Uint8Array.from(text, Number);

test('dice, sensitivity and specificity of a hand-counted mask', () => {
  // 3 true, 4 found, 2 of them right; 10 pixels.
  const counts = confusion(mask('1110000000'), mask('0110110000'));
  assert.deepEqual(counts, { truePositives: 2, falsePositives: 2, falseNegatives: 1, trueNegatives: 5 });
  assert.equal(dice(counts), 4 / 7);
  assert.equal(sensitivity(counts), 2 / 3);
  assert.equal(specificity(counts), 5 / 7);
});

test('two empty masks agree; nothing to find means nothing missed', () => {
  const counts = confusion(mask('000'), mask('000'));
  assert.deepEqual([dice(counts), sensitivity(counts), specificity(counts)], [1, 1, 1]);
});

test('an empty prediction scores 0 but spoils no background, a full one the other way round', () => {
  const empty = confusion(mask('1100'), mask('0000'));
  assert.deepEqual([dice(empty), sensitivity(empty), specificity(empty)], [0, 0, 1]);
  const full = confusion(mask('1100'), mask('1111'));
  assert.deepEqual([dice(full), sensitivity(full), specificity(full)], [2 / 3, 1, 0]);
});

test('any non-zero label counts as foreground', () => {
  assert.equal(dice(confusion(mask('2300'), mask('1200'))), 1);
});

test('masks of unlike size are refused', () => {
  assert.throws(() => confusion(mask('10'), mask('100')), /2 pixels but the prediction 3/);
});
