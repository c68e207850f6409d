import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const runner = path.join(import.meta.dirname, '../scripts/test.mjs');
const head = "import { test } from 'node:test'; import assert from 'node:assert/strict';\n";

const cases = [
  { name: 'all pass', text: `${head}test('a', () => {}); test('b', () => {});`, last: '2 passed, 0 failed', status: 0 },
  {
    name: 'one is skipped',
    text: `${head}test('a', () => {}); test('b', { skip: true }, () => {});`,
    last: '1 passed, 0 failed, 1 skipped',
    status: 0,
  },
  {
    name: 'one fails',
    text: `${head}test('a', () => {}); test('b', () => assert.equal(1, 2));`,
    last: '1 passed, 1 failed',
    status: 1,
    says: /1 !== 2/,
  },
  { name: 'all are skipped', text: `${head}test('a', { skip: true }, () => {});`, last: '0 passed, 0 failed, 1 skipped', status: 1 },
  { name: 'a file holds no test', text: 'export {};', last: '0 passed, 1 failed', status: 1, says: /holds no test/ },
  { name: 'a file does not load', text: "throw new Error('broken');", last: '0 passed, 1 failed', status: 1, says: /Error: broken/ },
  {
    name: 'a file fails after its tests',
    text: `${head}test('a', () => {}); setTimeout(() => process.exit(3), 50);`,
    last: '1 passed, 1 failed',
    status: 1,
  },
];

for (const { name, text, last, status, says } of cases) {
  test(`test runner - where ${name}, the last line is "${last}"`, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runner-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'x.test.ts');
    writeFileSync(file, text);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env; // else the runner believes that it runs inside this test
    const result = spawnSync(process.execPath, [runner, file], { encoding: 'utf8', env });
    assert.equal(result.stdout.trimEnd().split('\n').at(-1), last, result.stderr);
    assert.equal(result.status, status);
    if (says) assert.match(result.stdout, says);
  });
}
