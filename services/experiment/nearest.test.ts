import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

const FIELDS = ['iterations', 'batchSize', 'cropSize', 'seed'];

test('a misspelling has a nearest name', () => {
  assert.equal(nearest('iteration', FIELDS), 'iterations');
  assert.equal(nearest('batchsize', FIELDS), 'batchSize');
  assert.equal(nearest('croppSize', FIELDS), 'cropSize');
  assert.equal(nearest('sed', FIELDS), 'seed');
});

test('another word has none', () => {
  assert.equal(nearest('wire', FIELDS), undefined);
  assert.equal(nearest('', FIELDS), undefined);
  assert.equal(nearest('x'.repeat(1000), FIELDS), undefined);
});
