import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import h5wasm from 'h5wasm/node';
import { hasSplit, openDataset } from '../dataset.ts';
import { expected, fails, INSTANCES, NUCLEI, put, source, TILE, temporary } from '../test-support.ts';
import type { LabelSpec } from '../types.ts';
import { readRaster } from './folder.ts';

await h5wasm.ready;

const { width, mask, edges, components } = expected.planes;
const height = mask.length / width;
const BYTES = { contrast: 'None', fit: 'Resize', format: 'NucleiHDF5' } as const;

interface Entry {
  data: Uint8Array | Int32Array | Float32Array;
  shape: number[];
}

/** A file with `GROUP/KEY` entries, as the original's builder writes them. */
function write(path: string, entries: Record<string, Entry>): void {
  put(path, '');
  const file = new h5wasm.File(path, 'w');
  for (const [place, { data, shape }] of Object.entries(entries)) {
    const names = place.split('/');
    let group: InstanceType<typeof h5wasm.Group> = file;
    for (const name of names.slice(0, -1)) group = (group.get(name) ?? group.create_group(name)) as typeof group;
    group.create_dataset({ name: names.at(-1)!, data, shape });
  }
  file.close();
}

/** An image with all label maps of the layout; `inside` marks with 255 or 1. */
function entries(prefix: string, key: string, white = 255): Record<string, Entry> {
  const plane = mask.length;
  const ternary = Uint8Array.from(mask.flatMap((inside) => [inside * white, 0, (1 - inside) * white]));
  return {
    [`${prefix}images/${key}`]: { data: new Uint8Array(plane * 3).map((_, i) => i), shape: [height, width, 3] },
    [`${prefix}labels/${key}`]: { data: Uint8Array.from(mask, (value) => value * 255), shape: [height, width] },
    [`${prefix}labels_ternary/${key}`]: { data: ternary, shape: [height, width, 3] },
    [`${prefix}weight_maps/${key}`]: { data: new Uint8Array(plane), shape: [height, width] },
  };
}

/** At the width of the planes, so that only rows are repeated. */
function open(path: string, labels: LabelSpec, split: 'train' | 'test' = 'train') {
  return openDataset('s', source(path, BYTES), split, { size: width, channels: 3 }, labels);
}

function resized(plane: readonly number[]): number[] {
  return Array.from(
    { length: width * width },
    (_, i) => plane[Math.floor(((Math.floor(i / width) + 0.5) * height) / width) * width + (i % width)]!,
  );
}

for (const white of [255, 1]) {
  test(`three classes are those of the original's label encoding, inside written as ${white}`, async (t) => {
    const path = join(temporary(t), 'train_breast.h5');
    write(path, entries('', 'TCGA_0', white));
    const { name, classes } = await (await open(path, { kind: 'Classes', classes: 3 })).read(0);
    assert.equal(name, 'TCGA_0');
    assert.deepEqual([...classes], resized(mask.map((inside, i) => (edges[i] ? 2 : inside))));
  });
}

test('two classes are the foreground', async (t) => {
  const path = join(temporary(t), 'train_breast.h5');
  write(path, entries('train/', 'a'));
  assert.deepEqual([...(await (await open(path, { kind: 'Classes', classes: 2 })).read(0)).classes], resized(mask));
});

test('instances without instance labels are the parts of the inside, grown back', async (t) => {
  const path = join(temporary(t), 'train_breast.h5');
  write(path, entries('', 'a'));
  const { instances } = await (await open(path, INSTANCES)).read(0);
  const parts = resized(components);
  assert.ok(parts.every((part, i) => part === 0 || instances![i] === part));
  assert.ok(instances!.some((part, i) => part !== 0 && parts[i] === 0));
});

test('real tiles in the original layout are read like the same tiles in a folder, instances included', async (t) => {
  const root = temporary(t);
  const site = join(NUCLEI, 'histology-light');
  const all: Record<string, Entry> = {};
  for (const key of ['000', '001', '002']) {
    const image = await readRaster(site, `test/images/${key}.png`, 'image');
    const label = await readRaster(site, `test/labels/${key}.png`, 'label');
    Object.assign(all, entries('', key));
    all[`images/${key}`] = { data: image.values as Uint8Array, shape: [128, 128, 3] };
    all[`labels_instance/${key}`] = { data: Int32Array.from(label.values), shape: [128, 128] };
  }
  write(join(root, 'train_all.h5'), entries('', 'x'));
  write(join(root, 'test.h5'), all);
  const hdf5 = await openDataset('s', source(root, { format: 'NucleiHDF5' }), 'test', TILE, INSTANCES);
  const folder = await openDataset('s', source(site), 'test', TILE, INSTANCES);
  assert.equal(hdf5.count, 3);
  for (const i of [0, 1, 2]) assert.deepEqual(await hdf5.read(i), await folder.read(i));
});

test('the test split is a group of the file, or test.h5 beside it', async (t) => {
  const root = temporary(t);
  const file = { path: join(root, 'train_liver.h5'), format: 'NucleiHDF5' } as const;
  write(file.path, entries('', 'a'));
  assert.equal(await hasSplit(file, 'train'), true);
  assert.equal(await hasSplit(file, 'test'), false);
  await fails(open(file.path, INSTANCES, 'test'), 'DATASET_NO_SPLIT', /neither a group test nor, for test, a file test\.h5/);
  write(join(root, 'test.h5'), entries('', 'b'));
  assert.equal((await (await open(file.path, INSTANCES, 'test')).read(0)).name, 'b');
  assert.equal(await hasSplit({ ...file, path: join(root, 'test.h5') }, 'train'), false);
  write(file.path, { ...entries('train/', 'a'), ...entries('test/', 'c') });
  assert.equal((await (await open(file.path, INSTANCES, 'test')).read(0)).name, 'c');
  assert.equal((await (await open(file.path, INSTANCES)).read(0)).name, 'a');
});

test('keys without partner, other sizes and unknown classes are said', async (t) => {
  const path = join(temporary(t), 'train_all.h5');
  const { 'labels_ternary/b': _, ...unpaired } = { ...entries('', 'a'), ...entries('', 'b') };
  write(path, unpaired);
  await fails(open(path, INSTANCES), 'DATASET_UNPAIRED', /images\/b is without a labels_ternary/);
  write(path, { ...entries('', 'a'), 'labels_ternary/a': { data: new Uint8Array(12), shape: [2, 2, 3] } });
  await fails(
    open(path, INSTANCES),
    'DATASET_LABEL_MISMATCH',
    /train_all\.h5:labels_ternary\/a is 2x2 but its image train_all\.h5:images\/a is 18x15/,
  );
  await fails(open(path, { kind: 'Classes', classes: 4 }), 'DATASET_LABEL_CLASSES', /NucleiHDF5 offers Instances, or Classes with 2 or 3/);
});
