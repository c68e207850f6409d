import { availableParallelism } from 'node:os';
import type { Experiment } from '#experiment';
import { configureNative, loadNative, type Native } from '#nn';

/** Square pixels times filters from which the convolutions of one op fill several threads (256x256 with 64 filters does, 64x64 with 16 does not). */
const BIG_LAYER = 128 * 128 * 64;

/**
 * TensorFlow with the thread layout that is fastest for the experiment's layers: small ones run side by side on one thread each, on slices of the
 * batch (`shards`), big ones use all threads. The layout changes the last bits of the results, so it depends on nothing but the experiment and the number of threads.
 */
export function nativeFor({ spec }: Experiment, threads: number | undefined): { native: Native; threads: number; shards: number } {
  const count = threads ?? availableParallelism();
  const { cropSize, precision } = spec.training;
  const big = cropSize ** 2 * spec.model.generator.filters >= BIG_LAYER;
  configureNative({ intraOpThreads: big ? count : 1, interOpThreads: count, precision });
  return { native: loadNative(), threads: count, shards: big ? 1 : count };
}
