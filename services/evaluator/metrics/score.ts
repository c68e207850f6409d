import type { LabelSpec } from '#datasets';
import { aji } from './aji.ts';
import { hd95 } from './hd95.ts';
import { instancesFrom } from './instances.ts';
import { components } from './morphology.ts';
import { confusion, dice, sensitivity, specificity } from './overlap.ts';

/** How well one image was segmented, or the mean over images. Higher is better, but for hd95. */
export interface SegmentationScore {
  /** Pixel overlap, 0 to 1. */
  readonly dice: number;
  /** Aggregated Jaccard index of the instances, 0 to 1. */
  readonly aji: number;
  /** 95th percentile of the surface distance in pixels, 0 is best. */
  readonly hd95: number;
  /** Share of the foreground that was found, 0 to 1. */
  readonly sensitivity: number;
  /** Share of the background that was left alone, 0 to 1. */
  readonly specificity: number;
}

/** A real label map: training classes per pixel, and the instances where the label maps have them. */
export interface SegmentationTruth {
  readonly classes: Uint8Array;
  readonly instances: Int32Array | null;
}

/**
 * Scores one image. probabilities: softmax [height, width, classes]; truth: [height, width].
 *
 * labels.kind 'Instances' (background, interior, boundary): interior and boundary together are the foreground, predicted where their
 * probabilities sum to more than 0.5; all pixel metrics are of the foreground; AJI compares instancesFrom(probabilities) with truth.
 * labels.kind 'Classes': the likeliest class of a pixel is predicted; dice, hd95, sensitivity and specificity are means over the
 * foreground classes, each against the rest (a class absent from both counts as agreement); AJI is of the foreground.
 * Where there are no instances, the connected components (4 neighbours) of the foreground stand for them.
 */
export function scoreSegmentation(
  probabilities: Float32Array,
  truth: SegmentationTruth,
  height: number,
  width: number,
  labels: LabelSpec,
): SegmentationScore {
  const pixels = height * width;
  if (probabilities.length !== pixels * labels.classes || truth.classes.length !== pixels) {
    throw new RangeError(
      `${probabilities.length} probabilities and ${truth.classes.length} labels for ${height}x${width} pixels of ${labels.classes} classes`,
    );
  }
  const foreground = select(truth.classes, (label) => label > 0);
  const trueInstances = truth.instances ?? components(foreground, height, width).labels;
  if (labels.kind === 'Instances') {
    const found = select(truth.classes, (_, i) => probabilities[3 * i + 1]! + probabilities[3 * i + 2]! > 0.5);
    return { ...scoreMask(foreground, found, height, width), aji: aji(trueInstances, instancesFrom(probabilities, height, width)) };
  }
  const predicted = likeliest(probabilities, pixels, labels.classes);
  const perClass: Omit<SegmentationScore, 'aji'>[] = [];
  for (let k = 1; k < labels.classes; k++) {
    const isK = (label: number): boolean => label === k;
    perClass.push(scoreMask(select(truth.classes, isK), select(predicted, isK), height, width));
  }
  const foundInstances = components(predicted, height, width).labels;
  return { ...meanOf(perClass, ['dice', 'hd95', 'sensitivity', 'specificity']), aji: aji(trueInstances, foundInstances) };
}

/** Mean of every metric over images (or over sites). Throws RangeError for an empty list: there is no mean of nothing. */
export function aggregate(scores: readonly SegmentationScore[]): SegmentationScore {
  if (scores.length === 0) throw new RangeError('aggregate needs at least one score');
  return meanOf(scores, ['dice', 'aji', 'hd95', 'sensitivity', 'specificity']);
}

function scoreMask(truth: Uint8Array, found: Uint8Array, height: number, width: number): Omit<SegmentationScore, 'aji'> {
  const counts = confusion(truth, found);
  return {
    dice: dice(counts),
    hd95: hd95(truth, found, height, width),
    sensitivity: sensitivity(counts),
    specificity: specificity(counts),
  };
}

const select = (labels: Uint8Array, isSet: (label: number, i: number) => boolean): Uint8Array =>
  labels.map((label, i) => (isSet(label, i) ? 1 : 0));

function likeliest(probabilities: Float32Array, pixels: number, classes: number): Uint8Array {
  const best = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    for (let k = 1; k < classes; k++) {
      if (probabilities[i * classes + k]! > probabilities[i * classes + best[i]!]!) best[i] = k;
    }
  }
  return best;
}

function meanOf<K extends string>(rows: readonly Record<K, number>[], keys: readonly K[]): Record<K, number> {
  const mean = (key: K): number => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  return Object.fromEntries(keys.map((key) => [key, mean(key)])) as Record<K, number>;
}
