import { join } from 'node:path';
import { NoSplitError } from '../errors.ts';
import { extensionOf, kindOf, listPairs, type Pair, readBytes, requirePath } from '../files.ts';
import { type Purpose, type Raster, rasterLabels, toPixels } from '../raster.ts';
import type { Header, Reader, Unit } from '../scan.ts';
import { decodePng, PNG_HEADER_BYTES, readPngHeader } from './png.ts';
import { decodeTiff, readTiffHeader } from './tiff.ts';

/** Endings of the files that `readRaster` reads. */
export const RASTER_EXTENSIONS = ['.png', '.tif', '.tiff'] as const;

/** PNG and TIFF files: PATH/{train,test}/{images,labels}/NAME.{png,tif,tiff}, paired by NAME. */
export const folder: Reader = {
  async hasSplit(path, split) {
    await requirePath(path);
    return (await kindOf(join(path, split))) === 'directory';
  },

  async open(path, split) {
    if (!(await folder.hasSplit(path, split)))
      throw new NoSplitError(path, split, `there is no directory ${split} with images and labels in it`);
    const pairs = await listPairs(path, `${split}/images`, `${split}/labels`, RASTER_EXTENSIONS);
    return { units: pairs.map((pair) => tile(path, pair)), close: async () => undefined };
  },
};

/** Decodes a PNG or TIFF file. */
export async function readRaster(root: string, path: string, purpose: Purpose): Promise<Raster> {
  const bytes = await readBytes(root, path);
  return isPng(path) ? decodePng(bytes, path, purpose) : decodeTiff(bytes, path, purpose);
}

/** Reads no pixels of a PNG file; a TIFF file may keep its directory at its end. */
export async function readRasterHeader(root: string, path: string): Promise<Header> {
  return isPng(path)
    ? readPngHeader(await readBytes(root, path, PNG_HEADER_BYTES), path)
    : readTiffHeader(await readBytes(root, path), path);
}

function tile(root: string, { name, image, label }: Pair): Unit {
  return {
    image,
    label,
    slices: [{ index: 0, name }],
    header: async () => ({ image: await readRasterHeader(root, image), label: await readRasterHeader(root, label) }),
    async load() {
      const [picture, map] = await Promise.all([readRaster(root, image, 'image'), readRaster(root, label, 'label')]);
      const { width, height, channels } = picture;
      return {
        ...{ width, height, channels, depth: 1 },
        pixels: toPixels(picture.values),
        labels: rasterLabels(map, label),
        labelExtent: { width: map.width, height: map.height },
      };
    },
  };
}

function isPng(path: string): boolean {
  return extensionOf(path, ['.png']) !== undefined;
}
