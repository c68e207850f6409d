import type { Seat } from './membership.ts';

/** What has to be done before the next iteration. */
export type Step =
  | { readonly kind: 'Go' }
  /** Nothing to do before something is heard or the time is `until` (null: for ever). quorum: whether enough sites are there. */
  | { readonly kind: 'Wait'; readonly until: number | null; readonly quorum: boolean }
  /** Go on without the site. */
  | { readonly kind: 'Drop'; readonly site: string }
  /** Have the site restore its own newest snapshot, the others are not disturbed. */
  | { readonly kind: 'Admit'; readonly site: string }
  /** Take everybody back to a cut that all hold. */
  | { readonly kind: 'RestoreAll' };

export interface Rules {
  readonly minSites: number;
  readonly recovery: 'Exact' | 'Continue';
  /** A lost site is waited for so long. */
  readonly siteTimeoutMs: number;
}

/**
 * The first that applies: without a site that left or was waited for long enough, if enough others are there; wait for what is missing; restore all
 * if states may differ (`torn`) or, under Exact, a member has started anew; let in who has come.
 */
export function nextStep(seats: readonly Seat[], torn: boolean, { minSites, recovery, siteTimeoutMs }: Rules, now: number): Step {
  const isOverdue = ({ present, left, lostAt }: Seat) => left || (!present && lostAt !== null && now - lostAt >= siteTimeoutMs);
  const members = seats.filter(({ member }) => member);
  const there = seats.filter((seat) => seat.present && !isOverdue(seat));
  const quorum = there.length >= minSites;
  const gone = members.find(isOverdue);
  if (gone && quorum) return { kind: 'Drop', site: gone.site };
  const awaited = members.filter((seat) => !there.includes(seat));
  if (awaited.length > 0 || !quorum) {
    const deadlines = awaited.filter((seat) => !isOverdue(seat)).map(({ lostAt }) => (lostAt ?? now) + siteTimeoutMs);
    return { kind: 'Wait', until: deadlines.length > 0 ? Math.min(...deadlines) : null, quorum };
  }
  if (torn || (recovery === 'Exact' && members.some(({ anew }) => anew))) return { kind: 'RestoreAll' };
  const newcomer = there.find(({ member, anew }) => anew || !member);
  return newcomer ? { kind: 'Admit', site: newcomer.site } : { kind: 'Go' };
}
