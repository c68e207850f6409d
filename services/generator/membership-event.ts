import { appendFileSync } from 'node:fs';

/** Something that happened to the membership of a run; one line of events.jsonl. */
export interface MembershipEvent {
  /** ISO 8601 */
  readonly time: string;
  readonly kind: 'epoch-raised' | 'joined' | 'lost' | 'left' | 'dropped' | 'rolled-back' | 'quorum-lost' | 'quorum-returned';
  readonly epoch: number;
  /** Iterations that were done. */
  readonly iteration: number;
  /** Sites that are there, and sites of the experiment. */
  readonly present: number;
  readonly desired: number;
  readonly site?: string;
  /** joined: the iteration whose snapshot the site restored, null for its seed. */
  readonly from?: number | null;
  /** rolled-back: the iteration from which the run goes on. */
  readonly to?: number;
  readonly reason?: string;
}

/** Appends a line; synchronous, since what happens next may be the end of the process. */
export function appendEvent(file: string, event: MembershipEvent): void {
  appendFileSync(file, `${JSON.stringify(event)}\n`);
}
