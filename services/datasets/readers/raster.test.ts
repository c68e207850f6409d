import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { DatasetError, LabelColourError } from '../errors.ts';
import { rasterLabels } from '../raster.ts';
import { expected, fails, png, put, REFERENCE_FILES, temporary } from '../test-support.ts';
import { readRaster, readRasterHeader } from './folder.ts';
import { decodePng } from './png.ts';
import { decodeTiff } from './tiff.ts';

for (const [name, wanted] of Object.entries(expected.rasters)) {
  test(`${name} is read as Pillow and tifffile read it`, async () => {
    const raster = await readRaster(REFERENCE_FILES, name, 'image');
    const { width, height, channels } = wanted;
    assert.deepEqual({ width: raster.width, height: raster.height, channels: raster.channels }, { width, height, channels });
    assert.deepEqual([...raster.values], wanted.image);
    assert.equal(raster.values instanceof Uint8Array, wanted.bits <= 8);
    assert.deepEqual(await readRasterHeader(REFERENCE_FILES, name), { width, height, channels, eightBit: wanted.bits <= 8 });
  });
  test(`${name} as a label map ${wanted.label ? 'gives its numbers' : 'is refused'}`, async () => {
    const raster = await readRaster(REFERENCE_FILES, name, 'label');
    if (wanted.label) assert.deepEqual([...rasterLabels(raster, name)], wanted.label);
    else assert.throws(() => rasterLabels(raster, name), name === 'float.tif' ? /holds the value/ : LabelColourError);
  });
}

test('TIFF files of other kinds are refused with the way out', async () => {
  await fails(readRaster(REFERENCE_FILES, 'pages.tif', 'image'), 'DATASET_UNSUPPORTED', /holds 2 pages: save each page/);
  await fails(readRaster(REFERENCE_FILES, 'planes.tif', 'image'), 'DATASET_UNSUPPORTED', /interleaved channels/);
  await fails(readRaster(REFERENCE_FILES, 'jpeg.tif', 'image'), 'DATASET_UNSUPPORTED', /method 7: save it with LZW/);
});

test('a file cut anywhere is an error that names it, never half an image', () => {
  for (const name of readdirSync(REFERENCE_FILES)) {
    const bytes = readFileSync(join(REFERENCE_FILES, name));
    const decode = name.endsWith('.png') ? decodePng : decodeTiff;
    // tifffile and Pillow may pad the end of a file; cut into what matters.
    for (const length of [1, 3, 9, 20, 28, bytes.length >> 2, bytes.length >> 1, Math.floor(bytes.length * 0.8)]) {
      assert.throws(
        () => decode(bytes.subarray(0, length), name, 'image'),
        (error: DatasetError) => error instanceof DatasetError && error.message.startsWith(name),
        `${name} cut to ${length}`,
      );
    }
  }
});

test('damaged bytes end in an image or a DatasetError, never in another error or a hang', () => {
  const files = readdirSync(REFERENCE_FILES).map((name) => ({ name, bytes: readFileSync(join(REFERENCE_FILES, name)) }));
  const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...files), damage, ({ name, bytes }, changes) => {
      const copy = Uint8Array.from(bytes);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      try {
        (name.endsWith('.png') ? decodePng : decodeTiff)(copy, name, 'image');
      } catch (error) {
        assert.ok(error instanceof DatasetError, String(error));
      }
    }),
    { numRuns: 600 },
  );
});

test('a PNG file with a wrong checksum, no content or another signature is refused', async (t) => {
  const root = temporary(t);
  const good = png(4, 4, new Uint8Array(16));
  const bad = good.slice();
  bad[bad.length - 20]! ^= 1;
  put(join(root, 'bad.png'), bad);
  put(join(root, 'empty.png'), '');
  put(join(root, 'text.png'), 'this is not a picture at all, although its name says so');
  put(join(root, 'text.tif'), 'this is not a picture either');
  await fails(readRaster(root, 'bad.png', 'image'), 'DATASET_UNREADABLE', /bad\.png cannot be read: the file is truncated or damaged/);
  await fails(readRaster(root, 'empty.png', 'image'), 'DATASET_UNREADABLE', /empty\.png cannot be read: the file is empty/);
  await fails(readRaster(root, 'text.png', 'image'), 'DATASET_UNREADABLE', /no PNG file/);
  await fails(readRaster(root, 'text.tif', 'image'), 'DATASET_UNREADABLE', /no TIFF file/);
});

test('a header that claims an absurd size takes no memory', async (t) => {
  const root = temporary(t);
  const bytes = png(4, 4, new Uint8Array(16));
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 0x7fffffff);
  put(join(root, 'huge.png'), bytes);
  await fails(readRaster(root, 'huge.png', 'image'), 'DATASET_UNSUPPORTED', /2147483647x4: cut it into tiles/);
});
