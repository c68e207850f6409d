import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { openDataset } from '../dataset.ts';
import { DatasetError } from '../errors.ts';
import { stretch } from '../stretch.ts';
import { fails, put, source, temporary } from '../test-support.ts';
import type { DatasetSource } from '../types.ts';

const [SIZE, SLICES] = [6, 4];
const VOXELS = SIZE * SIZE * SLICES;
const VALUES = Array.from({ length: VOXELS }, (_, i) => (i * 37) % 101);
/** Slices 1 and 3 have labels. */
const LABELS = Array.from({ length: VOXELS }, (_, i) => (Math.floor(i / SIZE ** 2) % 2 === 1 ? i % 3 : 0));

const TYPES = {
  uint8: { code: 2, bytes: 1, write: 'setUint8' },
  int16: { code: 4, bytes: 2, write: 'setInt16' },
  int32: { code: 8, bytes: 4, write: 'setInt32' },
  float32: { code: 16, bytes: 4, write: 'setFloat32' },
  float64: { code: 64, bytes: 8, write: 'setFloat64' },
  int8: { code: 256, bytes: 1, write: 'setInt8' },
  uint16: { code: 512, bytes: 2, write: 'setUint16' },
  uint32: { code: 768, bytes: 4, write: 'setUint32' },
} as const;

interface Options {
  type?: keyof typeof TYPES;
  little?: boolean;
  dims?: number[];
  slope?: number;
  intercept?: number;
  /** Bytes between header and voxels, as extensions take them. */
  extension?: number;
  /** First row of the affine. */
  affine?: number[];
  magic?: string;
  code?: number;
}

/** A single-file NIfTI-1 volume, field by field after nifti1.h. */
function nifti(values: readonly number[], options: Options = {}): Uint8Array {
  const { type = 'int16', little = true, dims = [3, SIZE, SIZE, SLICES], slope = 0, intercept = 0, extension = 0 } = options;
  const { code, bytes, write } = TYPES[type];
  const offset = 352 + extension;
  const view = new DataView(new ArrayBuffer(offset + values.length * bytes));
  view.setInt32(0, 348, little);
  for (const [i, extent] of dims.entries()) view.setInt16(40 + 2 * i, extent, little);
  view.setInt16(70, options.code ?? code, little);
  view.setInt16(72, bytes * 8, little);
  view.setFloat32(108, offset, little);
  view.setFloat32(112, slope, little);
  view.setFloat32(116, intercept, little);
  if (options.affine) {
    view.setInt16(254, 1, little);
    const rows = [...options.affine, 0, 1, 0, 0, 0, 0, 1, 0];
    for (const [i, value] of rows.entries()) view.setFloat32(280 + 4 * i, value, little);
  }
  for (const [i, letter] of [...(options.magic ?? 'n+1')].entries()) view.setUint8(344 + i, letter.charCodeAt(0));
  if (extension > 0) {
    view.setUint8(348, 1);
    view.setInt32(352, extension, little);
  }
  for (const [i, value] of values.entries())
    (view[write] as (at: number, value: number, little: boolean) => void).call(view, offset + i * bytes, value, little);
  return new Uint8Array(view.buffer);
}

function open(path: string, changes: Partial<DatasetSource> = {}, classes = 3) {
  return openDataset(
    's',
    source(path, { format: 'NIfTI', ...changes }),
    'train',
    { size: SIZE, channels: 1 },
    { kind: 'Classes', classes },
  );
}

function slice<T extends ArrayLike<number>>(values: T, index: number): number[] {
  return Array.from(values).slice(index * SIZE ** 2, (index + 1) * SIZE ** 2);
}

for (const type of Object.keys(TYPES) as (keyof typeof TYPES)[]) {
  test(`${type} volumes of both byte orders, packed or not, become their labelled slices`, async (t) => {
    const root = temporary(t);
    put(join(root, 'train/images/a.nii'), nifti(VALUES, { type }));
    put(join(root, 'train/labels/a.nii.gz'), gzipSync(nifti(LABELS, { type: 'uint8' })));
    put(join(root, 'train/images/b.nii.gz'), gzipSync(nifti(VALUES, { type, little: false, extension: 640 })));
    put(join(root, 'train/labels/b.nii'), nifti(LABELS, { type, little: false }));
    const dataset = await open(root);
    const stretched = stretch(type === 'uint8' ? Uint8Array.from(VALUES) : Float32Array.from(VALUES));
    for (const [i, [name, index]] of (
      [
        ['a/1', 1],
        ['a/3', 3],
        ['b/1', 1],
        ['b/3', 3],
      ] as const
    ).entries()) {
      const sample = await dataset.read(i);
      assert.equal(sample.name, name);
      assert.deepEqual([...sample.image], slice(stretched, index));
      assert.deepEqual([...sample.classes], slice(LABELS, index));
    }
    assert.equal(dataset.count, 4);
  });
}

test('slope and intercept are applied, also to labels; a slope of 0 means none', async (t) => {
  const root = temporary(t);
  const raw = LABELS.map((label) => label * 2 + 4);
  put(join(root, 'train/images/a.nii'), nifti(VALUES, { type: 'uint8', slope: -3, intercept: 50 }));
  put(join(root, 'train/labels/a.nii'), nifti(raw, { slope: 0.5, intercept: -2 }));
  const sample = await (await open(root)).read(0);
  assert.deepEqual([...sample.image], slice(stretch(Float32Array.from(VALUES, (value) => value * -3 + 50)), 1));
  assert.deepEqual([...sample.classes], slice(LABELS, 1));
  await fails(open(root, { contrast: 'None' }), 'DATASET_CONTRAST', /images\/a\.nii has more than 8 bits/);
});

test('NIfTI-2 is read like NIfTI-1', async (t) => {
  const root = temporary(t);
  const view = new DataView(new ArrayBuffer(544 + VOXELS));
  view.setInt32(0, 540, true);
  for (const [i, byte] of [...Buffer.from('n+2\0\r\n\x1a\n')].entries()) view.setUint8(4 + i, byte);
  view.setInt16(12, TYPES.uint8.code, true);
  view.setInt16(14, 8, true);
  for (const [i, extent] of [3, SIZE, SIZE, SLICES].entries()) view.setBigInt64(16 + 8 * i, BigInt(extent), true);
  view.setBigInt64(168, 544n, true);
  for (const [i, value] of VALUES.entries()) view.setUint8(544 + i, value);
  put(join(root, 'train/images/a.nii'), new Uint8Array(view.buffer));
  put(join(root, 'train/labels/a.nii'), nifti(LABELS));
  assert.deepEqual([...(await (await open(root, { contrast: 'None' })).read(1)).image], slice(VALUES, 3));
});

test('all slices are samples where none has labels; one point in time is a volume', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/images/a.nii'), nifti(VALUES, { dims: [4, SIZE, SIZE, SLICES, 1] }));
  put(join(root, 'train/labels/a.nii'), nifti(new Array(VOXELS).fill(0), { type: 'uint8' }));
  assert.equal((await open(root)).count, SLICES);
});

test('labels that are no whole numbers, or beyond the classes, name the file', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/images/a.nii'), nifti(VALUES));
  put(join(root, 'train/labels/a.nii'), nifti([...LABELS.slice(1), 0.5], { type: 'float32' }));
  await fails(open(root), 'DATASET_LABEL_VALUE', /train\/labels\/a\.nii holds the value 0\.5: labels are whole numbers/);
  put(join(root, 'train/labels/a.nii'), nifti(LABELS));
  await fails(open(root, {}, 2), 'DATASET_LABEL_VALUE', /train\/labels\/a\.nii slice 1 holds the value 2: the experiment has 2 classes/);
});

test('a label volume of another size or place is refused', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/images/a.nii'), nifti(VALUES, { affine: [-1, 0, 0, 10] }));
  put(join(root, 'train/labels/a.nii'), nifti(LABELS.slice(SIZE ** 2), { dims: [3, SIZE, SIZE, SLICES - 1] }));
  await fails(open(root), 'DATASET_LABEL_MISMATCH', /train\/labels\/a\.nii is 6x6x3 but its image train\/images\/a\.nii is 6x6x4/);
  put(join(root, 'train/labels/a.nii'), nifti(LABELS, { affine: [1, 0, 0, 10] }));
  await fails(open(root), 'DATASET_LABEL_PLACEMENT', /differently in space/);
  put(join(root, 'train/labels/a.nii'), nifti(LABELS, { affine: [-1, 0, 0, 10.01] }));
  assert.equal((await open(root)).count, 2);
});

test('volumes in time, complex numbers and pairs of files are refused with the way out', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/labels/a.nii'), nifti(LABELS));
  const refuse = async (options: Options, message: RegExp) => {
    put(join(root, 'train/images/a.nii'), nifti(VALUES, options));
    await fails(open(root), 'DATASET_UNSUPPORTED', message);
  };
  await refuse({ dims: [4, SIZE, SIZE, 2, 2] }, /has 4 axes of sizes 6x6x2x2: save each point in time/);
  await refuse({ code: 32 }, /has the data type 32/);
  await refuse({ magic: 'ni1' }, /keeps its voxels in a second file/);
});

test('a truncated, damaged or foreign file and values that are no numbers say so', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/labels/a.nii.gz'), gzipSync(nifti(LABELS)));
  const refuse = async (bytes: Uint8Array | string, message: RegExp) => {
    put(join(root, 'train/images/a.nii.gz'), bytes);
    await fails(open(root), 'DATASET_UNREADABLE', message);
  };
  const whole = nifti(VALUES);
  const packed = gzipSync(whole);
  await refuse(whole.subarray(0, whole.length - 1), /images\/a\.nii\.gz cannot be read: the file is truncated/);
  await refuse(packed.subarray(0, packed.length - 30), /the gzip data is truncated or damaged/);
  await refuse(packed.subarray(0, 12), /the gzip data is truncated or damaged/);
  await refuse(whole.subarray(0, 100), /truncated, or no NIfTI file/);
  await refuse('x'.repeat(2000), /it is no NIfTI file/);
  await refuse('', /the file is empty/);
  await refuse(nifti([...VALUES.slice(1), Number.NaN], { type: 'float32' }), /not finite/);
  await refuse(nifti(VALUES, { dims: [3, SIZE, 0, SLICES] }), /its size is 6x0x4/);
});

test('a damaged header ends in a volume or a DatasetError, never in another error', async (t) => {
  const root = temporary(t);
  const whole = nifti(VALUES, { affine: [1, 0, 0, 0], slope: 1 });
  put(join(root, 'train/labels/a.nii'), nifti(LABELS));
  const damage = fc.array(fc.tuple(fc.nat(351), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const bytes = whole.slice();
      for (const [at, value] of changes) bytes[at] = value;
      put(join(root, 'train/images/a.nii'), bytes);
      await open(root, { fit: 'Resize' }).catch((error) => assert.ok(error instanceof DatasetError, String(error)));
    }),
    { numRuns: 300 },
  );
});
