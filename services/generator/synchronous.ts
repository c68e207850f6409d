import type { TrainingSpec } from '#experiment';
import type { Hub } from './hub.ts';
import type { Journal, JournalEntry } from './journal.ts';

export interface Observer {
  iterated(entry: JournalEntry): void;
  /** After `done` iterations: the first and whenever samples are due. */
  sampled(done: number): Promise<void>;
}

/**
 * The synchronous schedule: every site that takes part answers in every iteration. Gives the number of iterations that are done: all of them, or fewer
 * when `signal` was aborted; then everything is kept in a checkpoint, the last one if not all sites were there.
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
  for (let t = start; t < iterations; ) {
    const settled = await settle(hub, t, signal);
    if (settled === null) return t;
    t = settled;
    const done = t + 1;
    const isCut = done % checkpointEvery === 0 || done === iterations;
    const entry = await hub.iterate(t, hub.members, isCut, never);
    if (!entry) continue;
    await journal.append(entry);
    observer.iterated(entry);
    t = done;
    const wantsCut = signal.aborted || hub.cutDue;
    if (isCut || (wantsCut && (await hub.snapshotSites(done, never)))) await hub.checkpoint(done);
    if (done === 1 || done % sampleEvery === 0 || done === iterations) await observer.sampled(done);
    if (signal.aborted) return done;
  }
  return iterations;
}

/** Null when `signal` aborts while the run waits. */
async function settle(hub: Hub, t: number, signal: AbortSignal): Promise<number | null> {
  try {
    return await hub.settle(t, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
