/** The project's checks, `npm run check`, as tests: one way to run all, one count. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const PATH = `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env['PATH']}`;

for (const command of scripts.check.split(' && ')) {
  test(`check: ${command}`, () => {
    const { status, stdout, stderr } = spawnSync(command, { cwd: root, shell: true, encoding: 'utf8', env: { ...process.env, PATH } });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
}
