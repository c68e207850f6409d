import type { Hello } from '#wire';

/** A site of the experiment, as the hub knows it. */
export interface Seat {
  readonly site: string;
  /** The run counts on it: it takes part in every iteration, and is waited for when it is lost. */
  readonly member: boolean;
  /** It has joined, its label maps are here, and as far as the hub knows it can be reached. */
  readonly present: boolean;
  /** It has said hello and has not been told since which state to go on from. */
  readonly anew: boolean;
  /** Since when it has not answered (milliseconds), null while it does. */
  readonly lostAt: number | null;
  /** It has said that it leaves. */
  readonly left: boolean;
  /** Of its last hello; null before the first. */
  readonly hello: Hello | null;
  /** Iterations of which it holds a snapshot. */
  readonly snapshots: ReadonlySet<number>;
}

/** Who is there: the sites in the order of the experiment, each with what was last heard of it. Knows no clock: `now` is told, in milliseconds. */
export class Membership {
  readonly #seats: Map<string, Seat>;
  #change = Promise.withResolvers<void>();

  constructor(sites: readonly string[]) {
    const empty = { member: false, present: false, anew: false, lostAt: null, left: false, hello: null, snapshots: new Set<number>() };
    this.#seats = new Map(sites.map((site) => [site, { site, ...empty }]));
  }

  get seats(): Seat[] {
    return [...this.#seats.values()];
  }

  get members(): Seat[] {
    return this.seats.filter(({ member }) => member);
  }

  seat(site: string): Seat {
    const seat = this.#seats.get(site);
    if (!seat) throw new RangeError(`site ${site} is not in the experiment`);
    return seat;
  }

  /** Settles when next anything is heard. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** A site has started anew. It is present once its label maps are here. */
  hello(hello: Hello, now: number): void {
    const lostAt = this.seat(hello.site).lostAt ?? now;
    this.#set(hello.site, { hello, snapshots: new Set(hello.snapshots), present: false, anew: true, left: false, lostAt });
  }

  ready(site: string): void {
    this.#set(site, { present: true, lostAt: null });
  }

  /** A heartbeat: it can be reached, but whether it does its work is another matter. */
  heard(site: string): void {
    if (!this.seat(site).present) this.#set(site, { present: true });
  }

  answered(site: string): void {
    if (this.seat(site).lostAt !== null) this.#set(site, { lostAt: null });
  }

  lost(site: string, now: number): void {
    this.#set(site, { present: false, lostAt: this.seat(site).lostAt ?? now });
  }

  left(site: string, now: number): void {
    this.#set(site, { present: false, left: true, lostAt: this.seat(site).lostAt ?? now });
  }

  /** From now on the run counts on it. */
  enlist(site: string): void {
    this.#set(site, { member: true });
  }

  /** The run goes on without it. Should it come back, it joins as one that comes late. */
  drop(site: string): void {
    this.#set(site, { member: false, present: false, lostAt: null });
  }

  /** It has the state that the run wants it to have, and has discarded later snapshots. */
  restored(site: string, iteration: number): void {
    const snapshots = new Set([...this.seat(site).snapshots].filter((each) => each <= iteration));
    this.#set(site, { anew: false, snapshots });
  }

  kept(site: string, iteration: number): void {
    this.#set(site, { snapshots: new Set([...this.seat(site).snapshots, iteration]) });
  }

  /** The snapshot has turned out to be damaged. */
  strike(site: string, iteration: number): void {
    this.#set(site, { snapshots: new Set([...this.seat(site).snapshots].filter((each) => each !== iteration)) });
  }

  #set(site: string, change: Partial<Seat>): void {
    this.#seats.set(site, { ...this.seat(site), ...change });
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
