/** Pixel-wise agreement of two binary masks (any non-zero value is foreground). */
export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Counts agreement pixel by pixel. Both masks must have the same length. */
export function confusion(truth: Uint8Array, predicted: Uint8Array): Confusion {
  if (truth.length !== predicted.length) throw new RangeError(`truth has ${truth.length} pixels but the prediction ${predicted.length}`);
  let truePositives = 0;
  let falsePositives = 0;
  let falseNegatives = 0;
  for (let i = 0; i < truth.length; i++) {
    if (predicted[i]! > 0) {
      if (truth[i]! > 0) truePositives++;
      else falsePositives++;
    } else if (truth[i]! > 0) falseNegatives++;
  }
  return { truePositives, falsePositives, falseNegatives, trueNegatives: truth.length - truePositives - falsePositives - falseNegatives };
}

/** Dice coefficient, 2|A and B| / (|A| + |B|) in [0, 1]. Two empty masks agree: 1. */
export function dice({ truePositives, falsePositives, falseNegatives }: Confusion): number {
  return share(2 * truePositives, falsePositives + falseNegatives);
}

/** Share of the true foreground that was found. No foreground in truth: nothing was missed, 1. */
export function sensitivity({ truePositives, falseNegatives }: Confusion): number {
  return share(truePositives, falseNegatives);
}

/** Share of the true background that was left alone. No background in truth: nothing was spoilt, 1. */
export function specificity({ trueNegatives, falsePositives }: Confusion): number {
  return share(trueNegatives, falsePositives);
}

const share = (right: number, wrong: number): number => (right + wrong === 0 ? 1 : right / (right + wrong));
