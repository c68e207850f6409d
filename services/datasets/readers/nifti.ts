import { join } from 'node:path';
import { LabelPlacementError, NoSplitError } from '../errors.ts';
import { kindOf, listPairs, type Pair, requirePath } from '../files.ts';
import { toLabels } from '../raster.ts';
import { foregroundSlices, type Reader, type Unit } from '../scan.ts';
import { type NiftiHeader, readNiftiHeader, readNiftiVoxels } from './nifti-volume.ts';

const EXTENSIONS = ['.nii.gz', '.nii'];
/** Of the space between voxels, that a label map may be away from its image. */
const TOLERANCE = 0.1;

/**
 * NIfTI volumes: PATH/{train,test}/{images,labels}/NAME.nii[.gz], paired by NAME. Every slice of the third axis that has labels is a sample
 * (every slice where none has): rows are the second axis, columns the first, in the file's order.
 */
export const nifti: Reader = {
  async hasSplit(path, split) {
    await requirePath(path);
    return (await kindOf(join(path, split))) === 'directory';
  },

  async open(path, split) {
    if (!(await nifti.hasSplit(path, split)))
      throw new NoSplitError(path, split, `there is no directory ${split} with images and labels in it`);
    const units: Unit[] = [];
    for (const pair of await listPairs(path, `${split}/images`, `${split}/labels`, EXTENSIONS)) units.push(await openVolume(path, pair));
    return { units, close: async () => undefined };
  },
};

async function openVolume(root: string, { name, image, label }: Pair): Promise<Unit> {
  const imageHeader = await readNiftiHeader(root, image);
  const labelHeader = await readNiftiHeader(root, label);
  checkPlacement(imageHeader, labelHeader);
  const { width, height, depth, eightBit } = imageHeader;
  const labelExtent = { width: labelHeader.width, height: labelHeader.height, depth: labelHeader.depth };
  const readLabels = async () => toLabels(await readNiftiVoxels(root, labelHeader), label);
  return {
    image,
    label,
    slices: labelledSlices(await readLabels(), labelExtent).map((index) => ({ index, name: `${name}/${index}` })),
    header: async () => ({ image: { width, height, depth, eightBit, channels: 1 }, label: labelExtent }),
    async load() {
      const voxels = await readNiftiVoxels(root, imageHeader);
      const pixels = voxels instanceof Float64Array ? new Float32Array(voxels) : voxels;
      return { ...{ width, height, depth, pixels, labelExtent }, channels: 1, labels: await readLabels() };
    },
  };
}

function labelledSlices(labels: Int32Array, { width, height, depth }: { width: number; height: number; depth: number }): number[] {
  const plane = width * height;
  return foregroundSlices(
    Array.from({ length: depth }, (_, slice) => labels.subarray(slice * plane, (slice + 1) * plane).some((label) => label !== 0)),
  );
}

/** Two grids of the same size may still be mirrored or moved. @throws LabelPlacementError */
function checkPlacement(image: NiftiHeader, label: NiftiHeader): void {
  const [a, b] = [image.affine, label.affine];
  if (a === null || b === null) return;
  const spacing = Math.min(...[0, 1, 2].map((axis) => Math.hypot(...[0, 1, 2].map((row) => a[row]![axis]!))));
  const apart = (row: number, column: number, voxels: number) =>
    Math.abs(a[row]![column]! - b[row]![column]!) * voxels > TOLERANCE * spacing;
  const extent = [image.width, image.height, image.depth, 1];
  if ([0, 1, 2].some((row) => extent.some((voxels, column) => apart(row, column, voxels))))
    throw new LabelPlacementError(image.path, label.path);
}
