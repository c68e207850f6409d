import type { Seat } from './membership.ts';
import type { Participation } from './participation.ts';

/** A state of the whole run: the hub's checkpoint, and with which of its snapshots each site is there. */
export interface CommonCut {
  readonly cut: number;
  readonly from: ReadonlyMap<string, number>;
}

/**
 * The newest cut of the hub at which every one of `seats` can be, null if there is none. Under Exact a member that took part in the last iteration
 * must hold the very state that it had at the cut; any other site, and all under Continue, go on from the newest that they have.
 */
export function commonCut(
  cuts: Iterable<number>,
  seats: readonly Seat[],
  participation: Participation,
  recovery: 'Exact' | 'Continue',
): CommonCut | null {
  const startOf = ({ site, member, snapshots }: Seat, cut: number): number | null => {
    const exact = participation.stateAt(site, cut);
    if (recovery === 'Exact' && member && participation.isCurrent(site)) return snapshots.has(exact) ? exact : null;
    return participation.newest(site, snapshots, cut);
  };
  for (const cut of [...cuts].filter((each) => each <= participation.length).sort((a, b) => b - a)) {
    const from = new Map<string, number>();
    for (const seat of seats) {
      const start = startOf(seat, cut);
      if (start !== null) from.set(seat.site, start);
    }
    if (from.size === seats.length) return { cut, from };
  }
  return null;
}
