import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/a-small-run.ts';
import { readEpoch, writeEpoch } from './epoch-file.ts';

test('the epoch is 0 before it is written, then what was written last', async (t) => {
  const folder = join(await temporaryFolder(t), 'hub');
  assert.equal(await readEpoch(folder), 0);
  for (const epoch of [1, 12, 7]) {
    await writeEpoch(folder, epoch);
    assert.equal(await readEpoch(folder), epoch);
  }
});

test('a crash while it is written leaves the old one', async (t) => {
  const folder = await temporaryFolder(t);
  await writeEpoch(folder, 3);
  await writeFile(join(folder, 'hub-epoch.new'), '');
  assert.equal(await readEpoch(folder), 3);
  await writeEpoch(folder, 4);
  assert.equal(await readEpoch(folder), 4);
});

test('a file that holds no epoch is not taken for 0: an old hub would be believed', async (t) => {
  const folder = await temporaryFolder(t);
  for (const text of ['', 'x', '-1', '1.5']) {
    await writeFile(join(folder, 'hub-epoch'), text);
    await assert.rejects(readEpoch(folder), { code: 'WIRE_EPOCH_FILE', message: /hub-epoch/ });
  }
});
