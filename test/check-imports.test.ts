import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { findViolations } from '../scripts/check-imports.mjs';

interface Case {
  name: string;
  file: string;
  text: string;
  reason?: RegExp;
}

const cases: Case[] = [
  { name: 'the door of a room below', file: 'services/generator/a.ts', text: "import { send } from '#wire';" },
  { name: "a path to one of the room's files", file: 'services/wire/codec/a.ts', text: "import { b } from '../b.ts';" },
  { name: 'a package', file: 'services/datasets/a.ts', text: "import { decode } from 'fast-png';" },
  { name: 'any door in the command', file: 'services/cli/a.ts', text: "import { run } from '#generator';" },
  { name: 'any door in an integration test', file: 'test/a.test.ts', text: "import { run } from '#discriminator';" },
  { name: 'the operator runtime in an operator', file: 'operators/asyndgan/a.ts', text: "import { q } from '#operators/runtime';" },
  {
    name: 'a path to stored references in a unit test',
    file: 'services/nn/a.test.ts',
    text: "import { r } from '../../test/references/r.ts';",
  },
  { name: 'a test library in a unit test of nn', file: 'services/nn/a.test.ts', text: "import fc from 'fast-check';" },
  {
    name: 'the command, started by its path from a test,',
    file: 'test/a.ts',
    text: "new URL('../services/cli/main.ts', import.meta.url);",
  },
  { name: 'an import in a comment', file: 'services/wire/a.ts', text: "/**\n * import { x } from '#nn';\n */\n// await import('#nn')" },

  { name: 'an arrow upwards', file: 'services/nn/a.ts', text: "import { send } from '#wire';", reason: /arrows go only downwards/ },
  { name: 'an arrow sideways', file: 'services/wire/a.ts', text: "import { layer } from '#nn';", reason: /wire may import #telemetry:/ },
  { name: 'an arrow upwards in a unit test', file: 'services/nn/a.test.ts', text: "import { a } from '#cli';", reason: /no other room/ },
  { name: 'a type', file: 'services/wire/a.ts', text: "import type { Graph } from '#nn';", reason: /downwards/ },
  { name: 'several lines', file: 'services/wire/a.ts', text: "import {\n  Graph,\n  layer,\n} from '#nn';", reason: /downwards/ },
  { name: 'an export from', file: 'services/wire/a.ts', text: "export { layer } from '#nn';", reason: /downwards/ },
  { name: 'an import for its effect', file: 'services/wire/a.ts', text: "import '#nn';", reason: /downwards/ },
  { name: 'a dynamic import', file: 'services/wire/a.ts', text: "const nn = await import('#nn');", reason: /downwards/ },
  { name: 'an inline type', file: 'services/wire/a.ts', text: "let a: string, b: import('#nn').Graph;", reason: /downwards/ },
  {
    name: 'a path into another room',
    file: 'services/generator/a.ts',
    text: "import { b } from '../nn/b.ts';",
    reason: /behind its door.*'#nn'/,
  },
  {
    name: 'a path into a room from a test',
    file: 'test/a.test.ts',
    text: "import { b } from '../services/nn/b.ts';",
    reason: /behind its door/,
  },
  {
    name: 'a worker in another room',
    file: 'services/cli/a.ts',
    text: "new Worker(new URL('../nn/w.ts', import.meta.url));",
    reason: /door/,
  },
  {
    name: 'a path out of a room',
    file: 'services/nn/a.ts',
    text: "import { b } from '../../scripts/b.mjs';",
    reason: /leaves services\/nn/,
  },
  { name: 'a deep door', file: 'services/generator/a.ts', text: "import { b } from '#nn/layers';", reason: /no room has this door/ },
  { name: "a room's own door", file: 'services/nn/a.ts', text: "import { b } from '#nn';", reason: /relative imports/ },
  { name: 'nn in an operator', file: 'operators/asyndgan/a.ts', text: "import { b } from '#nn';", reason: /downwards/ },
  {
    name: 'TensorFlow outside nn',
    file: 'services/cli/a.ts',
    text: "import * as tf from '@tensorflow/tfjs-core';",
    reason: /only services\/nn/,
  },
  { name: 'another package in nn', file: 'services/nn/a.ts', text: "import { z } from 'zod';", reason: /no other package/ },
  { name: 'a file in no room', file: 'services/helpers/a.ts', text: "import { z } from 'zod';", reason: /lies in no room/ },
];

for (const { name, file, text, reason } of cases) {
  test(`check-imports - ${name} ${reason ? 'is refused' : 'is allowed'}`, (t) => {
    const [violation, ...others] = findViolations(tree(t, { [file]: text }));
    assert.deepEqual(others, []);
    if (!reason) return assert.equal(violation, undefined);
    assert.ok(violation);
    assert.equal(violation.file, file);
    assert.match(violation.reason, reason);
  });
}

test('check-imports - every violation is found, with the line where the import ends', (t) => {
  const both = "const [a, b] = await Promise.all([import('#nn'), import('#cli')]);";
  const root = tree(t, { 'services/wire/b.ts': `import fs from 'node:fs';\n\n${both}`, 'services/nn/a.ts': "import '#wire';" });
  assert.deepEqual(
    findViolations(root).map(({ file, line, specifier }) => `${file}:${line} ${specifier}`),
    ['services/nn/a.ts:1 #wire', 'services/wire/b.ts:3 #nn', 'services/wire/b.ts:3 #cli'],
  );
});

test('check-imports - every door in package.json leads to a room that the rule knows', (t) => {
  const { imports } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'));
  const text = Object.keys(imports).map((door) => `import '${door}';`);
  assert.deepEqual(findViolations(tree(t, { 'test/a.ts': text.join('\n') })), []);
  assert.ok(text.length > 0);
});

/** A throw-away tree of files. */
function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'imports-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}
