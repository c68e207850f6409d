import type { TrainingSpec } from '#experiment';
import type { Hub } from './hub.ts';
import type { Journal, JournalEntry } from './journal.ts';

export interface Observer {
  iterated(entry: JournalEntry): void;
  /** After `done` iterations: the first and whenever samples are due. */
  sampled(done: number): Promise<void>;
}

/**
 * The synchronous schedule: every site answers in every iteration. Gives the number of iterations that are done: all of them, or fewer when
 * `signal` was aborted; then everything is kept in a checkpoint.
 */
export async function trainSynchronously(
  hub: Hub,
  training: TrainingSpec,
  start: number,
  journal: Journal,
  observer: Observer,
  signal: AbortSignal,
): Promise<number> {
  const { iterations, checkpointEvery, sampleEvery } = training;
  const never = new AbortController().signal;
  for (let t = start; t < iterations; t++) {
    const done = t + 1;
    const isCut = done % checkpointEvery === 0 || done === iterations;
    const entry = await hub.iterate(t, isCut, never);
    await journal.append(entry);
    observer.iterated(entry);
    if (isCut) await hub.checkpoint(done);
    if (done === 1 || done % sampleEvery === 0 || done === iterations) await observer.sampled(done);
    if (signal.aborted && !isCut) {
      await hub.snapshotSites(done, never);
      await hub.checkpoint(done);
    }
    if (signal.aborted) return done;
  }
  return iterations;
}
