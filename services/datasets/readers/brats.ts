import { LabelValueError, NoSplitError, UnknownLabelClassesError } from '../errors.ts';
import { fillHoles, outerEdge } from '../morphology.ts';
import type { Reader, Scan, Unit } from '../scan.ts';
import type { LabelSpec } from '../types.ts';
import { type Hdf5Array, type Hdf5File, locateHdf5, openHdf5 } from './hdf5.ts';

// The original's BraTS layout, as github.com/tommy-qichang/AsynDGAN writes it (data/preprocess/brats_dataset_build.py) and reads it
// (data/brats_dataset.py): BraTS18.h5 or, one a site, BraTS18_tumor_size_{0..9}.h5, with
//   {train,test}/CASE/{flair,t1,t1ce,t2,seg}   [240, 240, 155] doubles
// Images are the slices t2[:, :, i]. Only slices with at least ten labelled pixels are used. `seg` holds 0 background, 1 necrotic core,
// 2 oedema, 4 enhancing tumour (3 in the challenge's later years). The original's condition also shows where the head is: the outline of
// the brain, drawn around every slice with the value 5; as it is anatomy of a patient it is drawn only where the classes ask for it.

const FILES = ['BraTS18.h5'];
const FEWEST_PIXELS = 10;
const SLAB_ROWS = 16;
/** Class of each value of `seg`. */
const PARTS: Readonly<Record<number, number>> = { 0: 0, 1: 1, 2: 2, 3: 3, 4: 3 };
const SCHEMES: Readonly<Record<number, { parts: boolean; outline: boolean }>> = {
  2: { parts: false, outline: false },
  3: { parts: false, outline: true },
  4: { parts: true, outline: false },
  5: { parts: true, outline: true },
};

/** BraTS volumes in HDF5. Classes: 2 tumour; 3 with the outline; 4 necrotic core, oedema, enhancing tumour; 5 with the outline as the last. */
export const brats: Reader = {
  async hasSplit(path, split) {
    const file = await openHdf5(await locateHdf5(path, FILES));
    const cases = file.names(split);
    file.close();
    return cases !== null;
  },

  async open(path, split, labels) {
    const scheme = labels.kind === 'Classes' ? SCHEMES[labels.classes] : undefined;
    if (scheme === undefined) throw new UnknownLabelClassesError('BraTS', 'Classes with 2 to 5 classes');
    const file = await openHdf5(await locateHdf5(path, FILES));
    try {
      const cases = file.names(split);
      if (cases === null) throw new NoSplitError(path, split, `the file has no group ${split}`);
      return { units: cases.map((name) => openCase(file, split, name, labels)), close: async () => file.close() };
    } catch (error) {
      file.close();
      throw error;
    }
  },
};

function openCase(file: Hdf5File, split: string, name: string, labels: LabelSpec): Unit {
  const t2 = file.array(`${split}/${name}/t2`, [3]);
  const seg = file.array(`${split}/${name}/seg`, [3]);
  const slices = labelledSlices(seg);
  return {
    image: t2.path,
    label: seg.path,
    slices: slices.map((index) => ({ index, name: `${name}/${index}` })),
    header: async () => ({ image: { ...extent(t2), channels: 1, eightBit: t2.eightBit }, label: extent(seg) }),
    load: async () => loadCase(t2, seg, SCHEMES[labels.classes]!, slices),
  };
}

function loadCase(t2: Hdf5Array, seg: Hdf5Array, scheme: { parts: boolean; outline: boolean }, slices: readonly number[]): Scan {
  const { width, height, depth } = extent(t2);
  const pixels = t2.eightBit ? readSlices(t2, Uint8Array) : readSlices(t2, Float32Array);
  const labels = readSlices(seg, Int32Array);
  for (let i = 0; i < labels.length; i++) {
    const part = PARTS[labels[i]!];
    if (part === undefined) throw new LabelValueError(seg.path, labels[i]!, 'BraTS labels are 0, 1, 2, 3 and 4');
    labels[i] = scheme.parts ? part : Math.min(part, 1);
  }
  const plane = width * height;
  for (const slice of scheme.outline ? slices : []) {
    const [from, to] = [slice * plane, (slice + 1) * plane];
    drawOutline(labels.subarray(from, to), pixels.subarray(from, to), width, scheme.parts ? 4 : 2);
  }
  return { ...{ width, height, depth, pixels, labels }, channels: 1, labelExtent: extent(seg) };
}

/** Tumour wins where it reaches beyond the brain. */
function drawOutline(labels: Int32Array, slice: Uint8Array | Float32Array, width: number, outlineClass: number): void {
  const outline = outerEdge(fillHoles(brain(slice), width), width);
  for (let i = 0; i < labels.length; i++) if (outline[i] && labels[i] === 0) labels[i] = outlineClass;
}

/** What is not black once a slice is scaled to 8 bits by its own maximum, as the original does. */
function brain(slice: Uint8Array | Float32Array): Uint8Array {
  let greatest = 0;
  for (let i = 0; i < slice.length; i++) greatest = Math.max(greatest, slice[i]!);
  const scale = 255 / (greatest + 1e-8);
  const mask = new Uint8Array(slice.length);
  for (let i = 0; i < slice.length; i++) mask[i] = Number(slice[i]! * scale >= 1);
  return mask;
}

function extent({ shape }: Hdf5Array): { width: number; height: number; depth: number } {
  return { height: shape[0]!, width: shape[1]!, depth: shape[2]! };
}

function labelledSlices(seg: Hdf5Array): number[] {
  const { depth } = extent(seg);
  const counts = new Uint32Array(depth);
  forSlabs(seg, (slab) => {
    for (let i = 0; i < slab.length; i++) if (slab[i] !== 0) counts[i % depth]!++;
  });
  return [...counts.keys()].filter((slice) => counts[slice]! >= FEWEST_PIXELS);
}

/** [rows, columns, slices] to [slices, rows, columns]. */
function readSlices<T extends Uint8Array | Float32Array | Int32Array>(array: Hdf5Array, Values: new (length: number) => T): T {
  const { width, height, depth } = extent(array);
  const out = new Values(width * height * depth);
  forSlabs(array, (slab, row) => {
    const plane = width * height;
    for (let i = 0, pixel = row * width; i < slab.length; pixel++) {
      for (let slice = 0; slice < depth; slice++) out[slice * plane + pixel] = slab[i++]!;
    }
  });
  return out;
}

/** Reads a volume some rows at a time, whole chunks where it is chunked: one slice of the last axis would read all of the file. */
function forSlabs(array: Hdf5Array, visit: (slab: ArrayLike<number>, row: number) => void): void {
  const rows = array.chunkRows * Math.max(1, Math.floor(SLAB_ROWS / array.chunkRows));
  const { height } = extent(array);
  for (let row = 0; row < height; row += rows) visit(array.read(row, Math.min(row + rows, height)), row);
}
