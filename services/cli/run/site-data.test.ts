import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aDataset } from '../../../test/a-small-run.ts';
import { PooledDataset } from './site-data.ts';

const SOURCES = [aDataset('north', 2), aDataset('south', 3), aDataset('west', 1)];

test('pooled data is the data of all sites, one after the other, and knows where each image is from', async () => {
  const pooled = new PooledDataset('all', SOURCES);
  assert.deepEqual([pooled.site, pooled.split, pooled.count], ['all', 'train', 6]);
  assert.deepEqual([pooled.image, pooled.labels], [SOURCES[0]!.image, SOURCES[0]!.labels]);
  const expected = (
    await Promise.all(SOURCES.map(async ({ count, read }) => Promise.all([...Array(count).keys()].map((i) => read(i)))))
  ).flat();
  assert.deepEqual(await Promise.all([...Array(6).keys()].map((i) => pooled.read(i))), expected);
  assert.deepEqual(
    [...Array(6).keys()].map((i) => pooled.sourceOf(i)),
    [0, 0, 1, 1, 1, 2],
  );
});

test('the sites keep their data open when the pool is closed', async () => {
  let closed = 0;
  const pooled = new PooledDataset('all', [{ ...aDataset('north', 1), close: async () => void closed++ }]);
  await pooled.close();
  assert.equal(closed, 0);
});

test('nothing cannot be pooled', () => {
  assert.throws(() => new PooledDataset('all', []), /nothing to pool/);
});
