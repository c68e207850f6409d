import { basename, dirname, join } from 'node:path';
import { NoSplitError, UnknownLabelClassesError, UnpairedError } from '../errors.ts';
import { kindOf } from '../files.ts';
import { bothEdges, components, grow } from '../morphology.ts';
import { dropChannels, toLabels, toPixels } from '../raster.ts';
import type { Reader, Unit } from '../scan.ts';
import type { LabelSpec, Split } from '../types.ts';
import { type Hdf5Array, type Hdf5File, locateHdf5, openHdf5 } from './hdf5.ts';

// The original's nuclei layout, as github.com/tommy-qichang/AsynDGAN reads it (data/nuclei_dataset.py) and its co-author's scripts and
// forks write and read it (build_h5_for_segmentation; lsl001006/asyndgan data/nucleitest_dataset.py; tommy-qichang/DSL_All_Code
// exp2_path/Nuclei_seg_dataset.py): train_{breast,kidney,liver,prostate}.h5, train_all.h5 and test.h5, with
//   images/KEY           [H, W, 3] bytes
//   labels/KEY           [H, W] or [H, W, C]: foreground 255
//   labels_ternary/KEY   [H, W, 3], 255 (or 1): inside (every nucleus eroded by a pixel), contour, background
//   labels_instance/KEY  [H, W]: 0 background, k nucleus k; in test.h5 only
//   weight_maps/KEY      not read
// below a group `train` or `test` or at the top of the file. Where the file has no group `test`, test.h5 beside it is the test split.

const TRAIN_FILES = ['train_all.h5', 'train.h5'];
const TEST_FILE = 'test.h5';

/**
 * Nuclei in HDF5. Instances come from labels_instance, else from the parts of labels_ternary's inside grown back by a pixel, else from the
 * parts of labels. Classes: 3 background, inside, boundary, made from labels_ternary as the original does; 2 from labels.
 */
export const nucleiHdf5: Reader = {
  async hasSplit(path, split) {
    const found = await openSplit(path, split);
    found?.file.close();
    return found !== null;
  },

  async open(path, split, labels) {
    if (labels.kind === 'Classes' && labels.classes > 3)
      throw new UnknownLabelClassesError('NucleiHDF5', 'Instances, or Classes with 2 or 3 classes');
    const found = await openSplit(path, split);
    if (found === null)
      throw new NoSplitError(path, split, `there is neither a group ${split} nor, for test, a file ${TEST_FILE} beside it`);
    const { file, group } = found;
    try {
      return { units: openUnits(file, group, labels), close: async () => file.close() };
    } catch (error) {
      file.close();
      throw error;
    }
  },
};

/** The open file of the split, and the prefix of its groups in there. */
async function openSplit(path: string, split: Split): Promise<{ file: Hdf5File; group: string } | null> {
  const main = await locateHdf5(path, TRAIN_FILES);
  const file = await openHdf5(main);
  if (file.names(split) !== null) return { file, group: `${split}/` };
  const isTest = basename(main) === TEST_FILE;
  if ((split === 'test') === isTest && file.names('images') !== null) return { file, group: '' };
  file.close();
  const beside = join(dirname(main), TEST_FILE);
  if (split === 'train' || isTest || (await kindOf(beside)) !== 'file') return null;
  const test = await openHdf5(beside);
  return { file: test, group: test.names('test') === null ? '' : 'test/' };
}

function openUnits(file: Hdf5File, group: string, spec: LabelSpec): Unit[] {
  const source = labelSource(file, group, spec);
  const images = file.names(`${group}images`) ?? [];
  const labels = new Set(file.names(`${group}${source.name}`));
  const unlabelled = images.filter((key) => !labels.has(key));
  if (unlabelled.length > 0)
    throw new UnpairedError(
      unlabelled.map((key) => `${group}images/${key}`),
      `a ${group}${source.name}`,
    );
  const imageless = [...labels].filter((key) => !images.includes(key));
  if (imageless.length > 0)
    throw new UnpairedError(
      imageless.map((key) => `${group}${source.name}/${key}`),
      `a ${group}images`,
    );
  return images.map((key) => openUnit(file, group, key, source));
}

interface LabelSource {
  name: 'labels' | 'labels_ternary' | 'labels_instance';
  /** [height, width, ...] to [height, width] labels. */
  decode(array: Hdf5Array): Int32Array;
}

function labelSource(file: Hdf5File, group: string, spec: LabelSpec): LabelSource {
  const has = (name: LabelSource['name']) => file.names(`${group}${name}`) !== null;
  if (spec.kind === 'Classes' && spec.classes === 2) return { name: 'labels', decode: (array) => Int32Array.from(firstChannelMask(array)) };
  if (spec.kind === 'Classes') return { name: 'labels_ternary', decode: (array) => ternary(firstChannelMask(array), array.shape[1]!) };
  if (has('labels_instance')) return { name: 'labels_instance', decode: (array) => toLabels(array.read(), array.path) };
  if (has('labels_ternary')) {
    return { name: 'labels_ternary', decode: (array) => grow(components(firstChannelMask(array), array.shape[1]!), array.shape[1]!) };
  }
  return { name: 'labels', decode: (array) => components(firstChannelMask(array), array.shape[1]!) };
}

function openUnit(file: Hdf5File, group: string, key: string, source: LabelSource): Unit {
  const image = file.array(`${group}images/${key}`, [2, 3]);
  const label = file.array(`${group}${source.name}/${key}`, source.name === 'labels_instance' ? [2] : [2, 3]);
  const [height, width] = image.shape as [number, number];
  const stored = image.shape[2] ?? 1;
  const channels = stored >= 3 ? 3 : 1;
  const labelExtent = { width: label.shape[1]!, height: label.shape[0]! };
  return {
    image: image.path,
    label: label.path,
    slices: [{ index: 0, name: key }],
    header: async () => ({ image: { width, height, channels, eightBit: image.eightBit }, label: labelExtent }),
    async load() {
      const pixels = dropChannels(toPixels(image.read()), stored, channels);
      return { ...{ width, height, channels, pixels, labelExtent }, depth: 1, labels: source.decode(label) };
    },
  };
}

/** The first channel as a mask, whether it is written with 1 or with 255. */
function firstChannelMask(array: Hdf5Array): Uint8Array {
  const values = array.read();
  const channels = array.shape[2] ?? 1;
  let greatest = 0;
  for (let i = 0; i < values.length; i++) greatest = Math.max(greatest, values[i]!);
  const threshold = greatest <= 1 ? 0.5 : 127.5;
  return Uint8Array.from({ length: values.length / channels }, (_, i) => Number(values[i * channels]! > threshold));
}

/** 0 background, 1 inside, 2 boundary: the original's LabelEncoding with radius 1. */
function ternary(inside: Uint8Array, width: number): Int32Array {
  const boundary = bothEdges(inside, width);
  return Int32Array.from(inside, (value, i) => (boundary[i] ? 2 : value));
}
