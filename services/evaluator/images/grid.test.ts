import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode } from 'fast-png';
import { encodeGrid, type GridRow, writeGrid } from './grid.ts';
import { write } from './lettering.ts';
import { blank, imagePicture, maskPicture } from './picture.ts';

const SIZE = 32;
const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i % 3);
const image = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => i % 199);
const ROWS: GridRow[] = [
  {
    label: 'north',
    cells: [
      { mask, image },
      { mask, image },
    ],
  },
  { label: 'a-very-long-name-of-a-site-that-does-not-fit', cells: [{ mask, image }] },
];

test('a grid holds each mask with its image to the right, pixel for pixel', () => {
  const { data, width, height } = decode(encodeGrid(ROWS, SIZE, 3));
  assert.deepEqual([width, height], [2 * 8 + 2 * 66 + 10, 2 * 8 + 2 * 43 + 10]);
  const cut = (x: number, y: number): Uint8Array => {
    const rows = Array.from({ length: SIZE }, (_, r) => data.slice(((y + r) * width + x) * 3, ((y + r) * width + x + SIZE) * 3));
    return Uint8Array.from(rows.flatMap((row) => [...row]));
  };
  for (const [x, y] of [
    [8, 19],
    [84, 19],
    [8, 72],
  ] as const) {
    assert.deepEqual(cut(x, y), maskPicture(mask, SIZE).pixels);
    assert.deepEqual(cut(x + SIZE + 2, y), image);
  }
});

test('writeGrid leaves the finished file and nothing else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'grid-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeGrid(join(folder, 'a.png'), ROWS, SIZE, 3);
  assert.deepEqual(await readdir(folder), ['a.png']);
  assert.deepEqual(new Uint8Array(await readFile(join(folder, 'a.png'))), encodeGrid(ROWS, SIZE, 3));
});

test('grey, two- and four-channel images show their first channel', () => {
  for (const channels of [1, 2, 4]) {
    const pixels = Uint8Array.from({ length: 4 * channels }, (_, i) => i);
    assert.deepEqual(
      [...imagePicture(pixels, 2, channels).pixels],
      [0, 1, 2, 3].flatMap((i) => [i * channels, i * channels, i * channels]),
    );
  }
});

test('background, interior and boundary have colours of their own; any class has one', () => {
  const { pixels } = maskPicture(Uint8Array.of(0, 1, 2, 31), 2);
  const colours = [0, 1, 2].map((i) => pixels.slice(3 * i, 3 * i + 3).join());
  assert.equal(new Set(colours).size, 3);
  assert.ok(pixels.subarray(9).some((value) => value > 0));
});

test('lettering draws its glyphs and stops at the edge', () => {
  const picture = blank(12, 7, [255, 255, 255]);
  write(picture, 'lll', 0, 0);
  const rows = Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: 12 }, (_, x) => (picture.pixels[(y * 12 + x) * 3] === 255 ? '.' : '#')).join(''),
  );
  assert.deepEqual(rows, [...new Array(6).fill('#.....#.....'), '#####.#####.']);
});
