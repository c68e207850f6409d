import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { temporaryFolder } from '../../test/a-small-run.ts';
import { someConditions } from './a-site.ts';
import { LabelMapFileError } from './errors.ts';
import { labelMapFile, readLabelMaps, writeLabelMaps } from './label-map-file.ts';

async function aFile(t: TestContext): Promise<string> {
  const file = labelMapFile(await temporaryFolder(t), 'north');
  await writeLabelMaps(file, someConditions('north', 4));
  return file;
}

test('label maps come back as they were written, and nothing else lies beside them', async (t) => {
  const file = labelMapFile(await temporaryFolder(t), 'north');
  const sizes = fc.record({ count: fc.integer({ min: 1, max: 5 }), size: fc.integer({ min: 1, max: 40 }), site: fc.string() });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ count, size, site }) => {
      const conditions = someConditions(site, count, size);
      await writeLabelMaps(file, conditions);
      assert.deepEqual(await readLabelMaps(file), conditions);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(await readdir(dirname(file)), ['north']);
});

test('a file that was cut short is refused by name, wherever it was cut', async (t) => {
  const file = await aFile(t);
  const { length } = await readFile(file);
  for (let left = length - 1; left >= 0; left -= 7) {
    await truncate(file, left);
    await assert.rejects(readLabelMaps(file), (error) => error instanceof LabelMapFileError && error.message.includes(file));
  }
});

test('a changed bit among the maps never gives other maps', async (t) => {
  const file = await aFile(t);
  const bytes = await readFile(file);
  const start = 4 + bytes.readUInt32LE(0);
  let refused = 0;
  for (let at = start; at < bytes.length; at++) {
    await writeFile(file, bytes.with(at, bytes[at]! ^ (1 << (at % 8))));
    const read = await readLabelMaps(file).catch((error: unknown) => {
      assert.ok(error instanceof LabelMapFileError, String(error));
      refused++;
    });
    if (read) assert.deepEqual(read, someConditions('north', 4), `byte ${at}`);
  }
  assert.ok(refused > 0.95 * (bytes.length - start), `${refused} of ${bytes.length - start}`);
});

test('a file of another schema, or none, is refused', async (t) => {
  const file = await aFile(t);
  const bytes = await readFile(file);
  await writeFile(file, Buffer.from(bytes.toString('latin1').replace('label-maps/v1', 'label-maps/v2'), 'latin1'));
  await assert.rejects(readLabelMaps(file), /its schema is asyndgan\.io\/label-maps\/v2/);
  await assert.rejects(readLabelMaps(`${file}-none`), { code: 'HUB_LABEL_MAPS' });
});

test('a file that claims more maps than it holds takes no memory for them', async (t) => {
  const file = await aFile(t);
  const bytes = await readFile(file);
  const text = bytes.toString('latin1').replace('"size":16', '"size":99');
  await writeFile(file, Buffer.from(text, 'latin1'));
  await assert.rejects(readLabelMaps(file), /cut short/);
});
