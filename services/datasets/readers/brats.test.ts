import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import h5wasm from 'h5wasm/node';
import { hasSplit, openDataset } from '../dataset.ts';
import { stretch } from '../stretch.ts';
import { expected, fails, put, seeded, source, temporary } from '../test-support.ts';

await h5wasm.ready;

const [ROWS, COLUMNS, SLICES] = [15, 18, 7];
const PLANE = ROWS * COLUMNS;
/** The brain of every slice; its holes and outline are known from other libraries. */
const BRAIN = expected.planes.mask;
const TARGET = { size: COLUMNS, channels: 1 };

const at = (row: number, column: number, slice: number) => (row * COLUMNS + column) * SLICES + slice;

/** t2: the brain with random intensities. seg: tumour of all parts in the slices 2 to 4; nine pixels of it in slice 5, too few to count. */
function volume(seed: number): { t2: Float64Array; seg: Float64Array } {
  const random = seeded(seed);
  const t2 = new Float64Array(PLANE * SLICES);
  const seg = new Float64Array(PLANE * SLICES);
  for (let i = 0; i < PLANE; i++) {
    for (let slice = 0; slice < SLICES; slice++) {
      const where = at(Math.floor(i / COLUMNS), i % COLUMNS, slice);
      t2[where] = BRAIN[i] ? 100 + random.integer(900) : 0;
      if (slice >= 2 && slice <= 4 && i < 40) seg[where] = [0, 1, 2, 4][(i + slice) % 4]!;
      if (slice === 5 && i < 9) seg[where] = 2;
    }
  }
  return { t2, seg };
}

/** A file as brats_dataset_build.py writes it; chunked and compressed on request, as others repack it. */
function write(path: string, groups: Record<string, { t2: Float64Array; seg: Float64Array }>, packed = false): void {
  put(path, '');
  const file = new h5wasm.File(path, 'w');
  for (const [name, { t2, seg }] of Object.entries(groups)) {
    const [split, key] = name.split('/') as [string, string];
    const parent = (file.get(split) ?? file.create_group(split)) as InstanceType<typeof h5wasm.Group>;
    const group = parent.create_group(key);
    const layout = packed ? { chunks: [4, 5, 3], compression: 'gzip' as const, compression_opts: 4 } : {};
    for (const [modality, data] of Object.entries({ flair: t2, seg, t2 })) {
      group.create_dataset({ name: modality, data, shape: [ROWS, COLUMNS, SLICES], ...layout });
    }
  }
  file.close();
}

function open(path: string, classes: number, split: 'train' | 'test' = 'train') {
  return openDataset('s', source(path, { format: 'BraTS', fit: 'Resize' }), split, TARGET, { kind: 'Classes', classes });
}

function sliceOf(values: ArrayLike<number>, slice: number): number[] {
  return Array.from({ length: PLANE }, (_, i) => values[at(Math.floor(i / COLUMNS), i % COLUMNS, slice)]!);
}

/** Nearest resizing of 15 rows to 18. */
function squared(plane: number[]): number[] {
  return Array.from({ length: 18 * 18 }, (_, i) => plane[Math.floor(((Math.floor(i / 18) + 0.5) * ROWS) / 18) * COLUMNS + (i % 18)]!);
}

for (const packed of [false, true]) {
  test(`slices with ten labelled pixels are samples, their classes the tumour's parts (${packed ? 'chunked' : 'contiguous'})`, async (t) => {
    const root = temporary(t);
    const first = volume(1);
    write(join(root, 'BraTS18.h5'), { 'train/0': first, 'train/11': volume(2), 'train/2': volume(3), 'test/5': volume(4) }, packed);
    const dataset = await open(root, 4);
    const names = await Promise.all(Array.from({ length: dataset.count }, async (_, i) => (await dataset.read(i)).name));
    assert.deepEqual(names, ['0/2', '0/3', '0/4', '11/2', '11/3', '11/4', '2/2', '2/3', '2/4']);
    for (const [i, slice] of [2, 3, 4].entries()) {
      const wanted = sliceOf(first.seg, slice).map((value) => (value === 4 ? 3 : value));
      assert.deepEqual([...(await dataset.read(i)).classes], squared(wanted));
    }
    await dataset.close();
    assert.equal((await open(root, 4, 'test')).count, 3);
  });
}

test('the contrast is of the whole volume, and rows stay rows', async (t) => {
  const path = join(temporary(t), 'site-3.h5');
  const { t2, seg } = volume(1);
  write(path, { 'train/0': { t2, seg } });
  const stretched = stretch(Float32Array.from(t2));
  const dataset = await openDataset('s', source(path, { format: 'BraTS', fit: 'Resize' }), 'train', TARGET, {
    kind: 'Classes',
    classes: 2,
  });
  const { image } = await dataset.read(1);
  // The first and the last row of a vertical resize from 15 to 18 rows repeat the edge.
  assert.deepEqual([...image.subarray(0, 18)], sliceOf(stretched, 3).slice(0, 18));
  assert.deepEqual([...image.subarray(17 * 18)], sliceOf(stretched, 3).slice(14 * 18));
});

test("the brain's outline is drawn only for the classes that ask for it, below the tumour", async (t) => {
  const path = join(temporary(t), 'brats.h5');
  const { t2, seg } = volume(1);
  write(path, { 'train/0': { t2, seg } });
  const tumour = sliceOf(seg, 2);
  const schemes: [classes: number, tumour: (value: number) => number, outline: number][] = [
    [2, (value) => Math.min(value, 1), 0],
    [3, (value) => Math.min(value, 1), 2],
    [5, (value) => (value === 4 ? 3 : value), 4],
  ];
  for (const [classes, map, outline] of schemes) {
    const wanted = tumour.map((value, i) => (value !== 0 ? map(value) : expected.planes.outline[i] ? outline : 0));
    assert.deepEqual([...(await (await open(path, classes)).read(0)).classes], squared(wanted), `${classes} classes`);
  }
});

test('what the layout or the experiment lacks is said', async (t) => {
  const root = temporary(t);
  const { t2, seg } = volume(1);
  write(join(root, 'a.h5'), { 'train/0': { t2, seg } });
  await fails(open(root, 6), 'DATASET_LABEL_CLASSES', /BraTS offers Classes with 2 to 5 classes/);
  await fails(open(root, 4, 'test'), 'DATASET_NO_SPLIT', /no test split: the file has no group test/);
  assert.equal(await hasSplit({ path: root, format: 'BraTS' }, 'test'), false);
  seg[0] = 7;
  write(join(root, 'b.h5'), { 'train/0': { t2, seg } });
  await fails(open(root, 4), 'DATASET_LAYOUT', /holds a\.h5, b\.h5; expected BraTS18\.h5 or a single \.h5 file/);
  await fails(open(join(root, 'b.h5'), 4), 'DATASET_LABEL_VALUE', /b\.h5:train\/0\/seg holds the value 7: BraTS labels are/);
  const file = new h5wasm.File(join(root, 'c.h5'), 'w');
  file
    .create_group('train')
    .create_group('0')
    .create_dataset({ name: 't2', data: new Float32Array(4), shape: [2, 2] });
  file.close();
  await fails(open(join(root, 'c.h5'), 4), 'DATASET_LAYOUT', /c\.h5:train\/0\/t2: it is of shape \[2,2\]; expected numbers with 3 axes/);
});

test('a file that is truncated, empty, missing or no HDF5 says so in a line', async (t) => {
  const root = temporary(t);
  write(join(root, 'cut.h5'), { 'train/0': volume(1) });
  truncateSync(join(root, 'cut.h5'), 5000);
  put(join(root, 'text.h5'), 'no signature here');
  put(join(root, 'empty.h5'), '');
  await fails(open(join(root, 'cut.h5'), 4), 'DATASET_UNREADABLE', /^site s: cut\.h5 cannot be read: truncated file: eof = 5000[^\n]*$/);
  await fails(open(join(root, 'text.h5'), 4), 'DATASET_UNREADABLE', /text\.h5 cannot be read: file signature not found$/);
  await fails(open(join(root, 'empty.h5'), 4), 'DATASET_UNREADABLE', /empty\.h5 cannot be read: the file is empty$/);
  await fails(open(join(root, 'none.h5'), 4), 'DATASET_NOT_FOUND', /none\.h5 does not exist/);
});
