import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { anExperiment } from './an-experiment.ts';
import { loadExperiment } from './load.ts';

test('loadExperiment', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'experiment-'));
  t.after(() => rm(folder, { recursive: true }));
  const write = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };

  await t.test('reads a file, with or without a byte order mark', async () => {
    assert.equal((await loadExperiment(await write('plain.yaml', anExperiment()))).metadata.name, 'test');
    assert.equal((await loadExperiment(await write('bom.yaml', `\ufeff${anExperiment()}`))).metadata.name, 'test');
  });

  await t.test('names the file in what is wrong with it', async () => {
    const file = await write('wrong.yaml', anExperiment({ sites: 3 }));
    await assert.rejects(loadExperiment(file), { message: `${file}:6:3: spec.sites is 3; expected a list of 1 to 64 items` });
  });

  const cases: { name: string; file: string; code: string }[] = [
    { name: 'a missing file', file: join(folder, 'none.yaml'), code: 'EXPERIMENT_NOT_FOUND' },
    { name: 'a file taken for a folder', file: join(await write('file', 'x'), 'x.yaml'), code: 'EXPERIMENT_NOT_FOUND' },
    { name: 'a folder', file: folder, code: 'EXPERIMENT_NOT_A_FILE' },
    { name: 'a file name that is too long', file: join(folder, 'x'.repeat(5000)), code: 'EXPERIMENT_UNREADABLE' },
    { name: 'a binary file', file: await write('bytes', Uint8Array.of(137, 80, 78, 71, 0, 1)), code: 'EXPERIMENT_NOT_TEXT' },
    { name: 'another encoding', file: await write('latin1', Uint8Array.of(0x61, 0x3a, 0xe9)), code: 'EXPERIMENT_NOT_TEXT' },
    { name: 'an empty file', file: await write('empty', ''), code: 'EXPERIMENT_EMPTY' },
    { name: 'a huge file', file: await write('huge', '#'.repeat((1 << 20) + 1)), code: 'EXPERIMENT_TOO_LARGE' },
  ];
  for (const { name, file, code } of cases) {
    await t.test(`${name} is ${code}`, () => assert.rejects(loadExperiment(file), { code, exitCode: 2, retryable: false }));
  }
});
