import type { HubChannel } from '#wire';
import { ReplayError } from './errors.ts';
import type { Hub } from './hub.ts';
import type { JournalEntry } from './journal.ts';

/**
 * Repeats a run from its journal: the same sites take part in the same iterations, and those that joined go on from the same states. Hub and sites
 * must be at the start, with all sites of the journal there. `done` is told after each iteration. Throws ReplayError.
 */
export async function replay(
  hub: Pick<Hub, 'iterate'>,
  channel: Pick<HubChannel, 'control'>,
  journal: readonly JournalEntry[],
  done: (entry: JournalEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const wanted = laterRestored(journal);
  for (const [i, entry] of journal.entries()) {
    const { iteration, joined = {} } = entry;
    if (iteration !== i) throw new ReplayError(`line ${i + 1} of the journal is iteration ${iteration}`);
    for (const [site, from] of Object.entries(joined)) await channel.control(site, { kind: 'restore', iteration: from ?? 0 }, signal);
    const again = await hub.iterate(iteration, Object.keys(entry.sites), false, signal);
    if (!again) throw new ReplayError(`a site was lost in iteration ${iteration}`);
    for (const site of wanted.get(iteration + 1) ?? []) await channel.control(site, { kind: 'snapshot', iteration: iteration + 1 }, signal);
    done(again);
  }
}

/** By iteration: the sites that later go on from the state that they have after it. */
function laterRestored(journal: readonly JournalEntry[]): Map<number, Set<string>> {
  const wanted = new Map<number, Set<string>>();
  for (const { joined = {} } of journal) {
    for (const [site, from] of Object.entries(joined)) {
      if (from !== null) wanted.set(from, new Set([...(wanted.get(from) ?? []), site]));
    }
  }
  return wanted;
}
