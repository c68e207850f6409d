import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ATTRIBUTES } from './attributes.ts';
import { METRICS } from './metrics.ts';
import { renderReference } from './reference.ts';

test('docs/telemetry.md is what the tables say', async () => {
  const page = await readFile(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');
  assert.equal(page, renderReference(), 'run: node services/telemetry/reference.ts --write');
});

test('names are given once, ours begin with asyndgan., and descriptions are one line', () => {
  const metrics = Object.values(METRICS);
  for (const names of [metrics.map(({ name }) => name), Object.values(ATTRIBUTES).map(({ name }) => name)]) {
    assert.equal(new Set(names).size, names.length);
  }
  for (const { name, description } of metrics) {
    assert.match(name, /^asyndgan(\.[a-z]+)+$/);
    assert.match(description, /^[A-Z][^\n|]{10,}\.$/);
  }
});
