import type { Seat } from './membership.ts';

/*
 * Builder for tests: a site as the hub knows it. Unless told otherwise it is a member that does its work.
 */
export function aSeat(site: string, change: Partial<Seat> = {}): Seat {
  return { site, member: true, present: true, anew: false, lostAt: null, left: false, hello: null, snapshots: new Set(), ...change };
}
