import type { TrainingSpec } from '#experiment';

/** A site that answered in this iteration. */
export interface Participant {
  readonly site: string;
  /** Training images that it holds. */
  readonly count: number;
}

/**
 * Weight of each participant's feedback; they sum to 1, so that the generator's step does not depend on how many answered.
 * Uniform: every site alike (the paper). SiteSize: by the number of training images (DSL: n_i / N).
 */
export function mixtureWeights(kind: TrainingSpec['mixture'], participants: readonly Participant[]): number[] {
  const shares = participants.map(({ count }) => (kind === 'SiteSize' ? count : 1));
  const total = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / total);
}
