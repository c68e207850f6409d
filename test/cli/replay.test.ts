import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { asyndgan, temporaryFolder, writeExperiment } from './asyndgan.ts';

test('replay - a run repeated from its journal gives the same generator; from another journal it does not', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, { release: { samples: 2, evaluate: { enabled: false } } });
  const out = join(folder, 'run');
  assert.equal((await asyndgan(['run', file, '--out', out, '--seed', '8'])).code, 0);

  const same = await asyndgan(['replay', out, '--experiment', file]);
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, /^12 iterations repeated: .*00000012\.ckpt, bit for bit/);

  const journal = join(out, 'journal.jsonl');
  const lines = (await readFile(journal, 'utf8')).split('\n');
  const { sites, ...entry } = JSON.parse(lines[4]!);
  delete sites['histology-dark'];
  lines[4] = JSON.stringify({ ...entry, sites });
  await writeFile(journal, lines.join('\n'));
  const other = await asyndgan(['replay', out, '--experiment', file]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /error CLI_REPLAY_DIFFERS: .*generator\//);
});

test('replay - a folder without a run, and a run of other settings, are refused', async (t) => {
  const folder = await temporaryFolder(t);
  const file = await writeExperiment(folder, { training: { iterations: 2 }, release: { samples: 2, evaluate: { enabled: false } } });
  const out = join(folder, 'run');
  assert.equal((await asyndgan(['run', file, '--out', out])).code, 0);
  await writeFile(join(out, 'journal.jsonl'), '');
  const none = await asyndgan(['replay', out, '--experiment', file]);
  assert.match(none.stderr, /error CLI_NOTHING_TO_REPLAY/);
  const otherFile = await writeExperiment(folder, { training: { iterations: 3 } });
  const other = await asyndgan(['replay', out, '--experiment', otherFile]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /error CLI_OTHER_EXPERIMENT/);
});
