import { join } from 'node:path';
import { EmptySplitError, LabelMismatchError, MixedSeriesError, NoSplitError, UnpairedError, UnsupportedFileError } from '../errors.ts';
import { byCodeUnit, extensionOf, kindOf, listNames, readBytes, requirePath } from '../files.ts';
import { rasterLabels } from '../raster.ts';
import { foregroundSlices, type Reader, type Scan, type Unit } from '../scan.ts';
import { readSliceHeader, readSlicePixels, type SliceHeader } from './dicom-slice.ts';
import { RASTER_EXTENSIONS, readRaster } from './folder.ts';

const DICOM_EXTENSIONS = ['.dcm', '.ima'];
/** Of direction cosines, and of millimetres. */
const TOLERANCE = 1e-3;

/** A slice and its label map. */
interface Slice extends SliceHeader {
  name: string;
  label: string;
}

/**
 * DICOM series: PATH/{train,test}/SERIES/NAME.dcm (or NAME, without extension) with a label map for every slice in
 * PATH/{train,test}/SERIES/labels/NAME.{png,tif,tiff}. Slices are ordered along the normal of the images' plane, or by InstanceNumber where
 * positions are missing; those with labels are samples, all where none has any.
 */
export const dicom: Reader = {
  async hasSplit(path, split) {
    await requirePath(path);
    return (await kindOf(join(path, split))) === 'directory';
  },

  async open(path, split) {
    if (!(await dicom.hasSplit(path, split)))
      throw new NoSplitError(path, split, `there is no directory ${split} with a directory for each series in it`);
    const units: Unit[] = [];
    for (const series of await listNames(path, split, 'directory')) units.push(await openSeries(path, `${split}/${series}`, series));
    if (units.length === 0) throw new EmptySplitError(split, 'put the slices of each series into a directory of their own');
    return { units, close: async () => undefined };
  },
};

async function openSeries(root: string, directory: string, series: string): Promise<Unit> {
  const slices = await listSlices(root, directory);
  const first = slices[0]!;
  const { width, height } = first;
  const extent = { width, height, depth: slices.length };
  const eightBit = slices.every((slice) => slice.eightBit);
  const hasForeground: boolean[] = [];
  for (const slice of slices) hasForeground.push((await readLabels(root, slice)).some((label) => label !== 0));
  return {
    image: directory,
    label: `${directory}/labels`,
    slices: foregroundSlices(hasForeground).map((index) => ({ index, name: `${series}/${slices[index]!.name}` })),
    header: async () => ({ image: { ...extent, eightBit, channels: 1 }, label: extent }),
    load: () => loadSeries(root, slices, eightBit),
  };
}

async function loadSeries(root: string, slices: readonly Slice[], eightBit: boolean): Promise<Scan> {
  const { width, height } = slices[0]!;
  const plane = width * height;
  const pixels = new (eightBit ? Uint8Array : Float32Array)(plane * slices.length);
  const labels = new Int32Array(plane * slices.length);
  for (const [i, slice] of slices.entries()) {
    readSlicePixels(await readBytes(root, slice.path), slice.path, pixels.subarray(i * plane, (i + 1) * plane));
    labels.set(await readLabels(root, slice), i * plane);
  }
  const extent = { width, height, depth: slices.length };
  return { ...extent, channels: 1, pixels, labels, labelExtent: extent };
}

async function readLabels(root: string, slice: Slice): Promise<Int32Array> {
  const raster = await readRaster(root, slice.label, 'label');
  if (raster.width !== slice.width || raster.height !== slice.height) throw new LabelMismatchError(slice.path, slice, slice.label, raster);
  return rasterLabels(raster, slice.label);
}

/** The slices of a directory in their order in space. */
async function listSlices(root: string, directory: string): Promise<Slice[]> {
  const files = (await listNames(root, directory, 'file')).filter(
    (file) => extensionOf(file, DICOM_EXTENSIONS) !== undefined || !file.includes('.'),
  );
  if (files.length === 0) throw new EmptySplitError(directory, `no file ends in ${DICOM_EXTENSIONS.join(', ')}`);
  const labels = await labelFiles(root, `${directory}/labels`);
  const slices: Slice[] = [];
  for (const file of files) {
    const path = `${directory}/${file}`;
    const name = file.slice(0, file.length - (extensionOf(file, DICOM_EXTENSIONS)?.length ?? 0));
    const label = labels.get(name);
    if (label === undefined) throw new UnpairedError([path], `a label map in ${directory}/labels`);
    labels.delete(name);
    slices.push({ ...readSliceHeader(await readBytes(root, path), path), name, label });
  }
  if (labels.size > 0) throw new UnpairedError([...labels.values()], `a slice in ${directory}`);
  for (const slice of slices) checkSameSeries(slices[0]!, slice);
  return inOrder(slices);
}

async function labelFiles(root: string, directory: string): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  for (const file of await listNames(root, directory, 'file')) {
    const extension = extensionOf(file, RASTER_EXTENSIONS);
    if (extension !== undefined) labels.set(file.slice(0, -extension.length), `${directory}/${file}`);
  }
  return labels;
}

function checkSameSeries(a: Slice, b: Slice): void {
  const apart = (x: readonly number[] | null, y: readonly number[] | null) =>
    x !== y && !x?.every((value, i) => Math.abs(value - (y?.[i] ?? Number.NaN)) < TOLERANCE);
  const difference =
    (a.seriesUid !== b.seriesUid && 'their series (SeriesInstanceUID)') ||
    ((a.width !== b.width || a.height !== b.height) && `size: ${a.width}x${a.height} and ${b.width}x${b.height}`) ||
    (apart(a.orientation, b.orientation) && 'orientation (ImageOrientationPatient)') ||
    (apart(a.spacing, b.spacing) && 'pixel spacing');
  if (difference) throw new MixedSeriesError(a.path, b.path, difference);
}

function inOrder(slices: readonly Slice[]): Slice[] {
  const placed = slices.every(({ position, orientation }) => position !== null && orientation !== null);
  const unordered = placed ? undefined : slices.find(({ instanceNumber }) => instanceNumber === null);
  if (unordered !== undefined) {
    throw new UnsupportedFileError(
      unordered.path,
      'has neither ImagePositionPatient nor InstanceNumber',
      'export the series again with one of them',
    );
  }
  const place = (slice: Slice) => (placed ? alongNormal(slice.position!, slice.orientation!) : slice.instanceNumber!);
  const sorted = slices.toSorted((a, b) => place(a) - place(b) || byCodeUnit(a.path, b.path));
  for (const [i, slice] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next !== undefined && place(next) - place(slice) < TOLERANCE) {
      throw new MixedSeriesError(slice.path, next.path, `nothing that says which comes first (both lie at ${place(slice)})`);
    }
  }
  return sorted;
}

/** Distance of the slice from the origin along the normal of its plane, in millimetres (DICOM PS3.3, C.7.6.2.1.1). */
function alongNormal([x, y, z]: readonly number[], [rx, ry, rz, cx, cy, cz]: readonly number[]): number {
  return x! * (ry! * cz! - rz! * cy!) + y! * (rz! * cx! - rx! * cz!) + z! * (rx! * cy! - ry! * cx!);
}
