/**
 * Who took part in which iteration of the run as it is now, without what was rolled back. From it follows which of a site's snapshots belong to
 * this run: the one after iteration k does if the site took part in iteration k - 1. The one after 0 iterations is the site's seed and always does.
 */
export class Participation {
  /** Of each site: [from, to) of the iterations, ascending. */
  readonly #stretches = new Map<string, { from: number; to: number }[]>();
  #length = 0;

  /** Iterations that are done. */
  get length(): number {
    return this.#length;
  }

  /** Adds the next iteration. */
  add(sites: readonly string[]): void {
    for (const site of sites) {
      const stretches = this.#stretches.get(site) ?? [];
      const last = stretches.at(-1);
      if (last?.to === this.#length) last.to++;
      else stretches.push({ from: this.#length, to: this.#length + 1 });
      this.#stretches.set(site, stretches);
    }
    this.#length++;
  }

  /** Forgets all but the first `length` iterations. */
  cutBack(length: number): void {
    this.#length = Math.min(this.#length, length);
    for (const [site, stretches] of this.#stretches) {
      const kept = stretches.filter(({ from }) => from < length).map(({ from, to }) => ({ from, to: Math.min(to, length) }));
      this.#stretches.set(site, kept);
    }
  }

  tookPart(site: string, iteration: number): boolean {
    return (this.#stretches.get(site) ?? []).some(({ from, to }) => from <= iteration && iteration < to);
  }

  /** Took part in the last iteration. */
  isCurrent(site: string): boolean {
    return this.#length > 0 && this.tookPart(site, this.#length - 1);
  }

  /** The snapshot that is the site's state when `done` iterations are done: the iterations up to its last one, 0 if it has had none. */
  stateAt(site: string, done: number): number {
    const before = (this.#stretches.get(site) ?? []).filter(({ from }) => from < done);
    return Math.min(done, before.at(-1)?.to ?? 0);
  }

  /** The newest of a site's snapshots that belongs to this run and is of the first `done` iterations; null if none is. */
  newest(site: string, snapshots: Iterable<number>, done: number): number | null {
    const fitting = [...snapshots].filter((k) => k <= done && (k === 0 || this.tookPart(site, k - 1)));
    return fitting.length > 0 ? Math.max(...fitting) : null;
  }
}
