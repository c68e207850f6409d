import { availableParallelism } from 'node:os';
import type { Experiment } from '#experiment';
import { configureNative, loadNative, type Native } from '#nn';

/** Square pixels times filters from which the convolutions of one op fill several threads (256x256 with 64 filters does, 64x64 with 16 does not). */
const BIG_LAYER = 128 * 128 * 64;

export interface ThreadLayout {
  /** Processor cores in use. */
  readonly threads: number;
  /** Slices of a batch that are computed side by side. */
  readonly shards: number;
}

/**
 * Sets TensorFlow's threads as they are fastest for the experiment's layers: small ones run side by side on one thread each, on slices of the
 * batch (`shards`), big ones use all threads. The layout changes the last bits of the results, so it depends on nothing but the experiment and
 * what is asked for. Call it on the main thread, before anything loads TensorFlow.
 */
export function layOutThreads({ spec }: Experiment, threads?: number | null, shards?: number | null): ThreadLayout {
  const count = threads ?? availableParallelism();
  const { cropSize, precision } = spec.training;
  const big = cropSize ** 2 * spec.model.generator.filters >= BIG_LAYER;
  configureNative({ intraOpThreads: big ? count : 1, interOpThreads: count, precision });
  return { threads: count, shards: shards ?? (big ? 1 : count) };
}

/** TensorFlow for a command that trains on the main thread. */
export function nativeFor(experiment: Experiment, threads: number | undefined): ThreadLayout & { readonly native: Native } {
  const layout = layOutThreads(experiment, threads);
  return { native: loadNative(), ...layout };
}
