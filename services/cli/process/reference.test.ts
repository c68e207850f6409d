import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REFERENCE_TABLES } from './reference.ts';

const lines = readFileSync(new URL('../../../docs/processes.md', import.meta.url), 'utf8').split('\n');

for (const [header, rows] of Object.entries(REFERENCE_TABLES)) {
  test(`docs/processes.md has the table "${header}" as it is in the code`, () => {
    const start = lines.indexOf(header) + 2;
    assert.ok(start > 1, 'the table is missing');
    assert.deepEqual(lines.slice(start, lines.indexOf('', start)), rows);
  });
}
