import type { Experiment } from '#experiment';
import type { CheckpointStore } from '#nn';
import { type Hello, type HubChannel, type Welcome, writeEpoch } from '#wire';
import { placeOf } from './admission.ts';
import { commonCut } from './common-cut.ts';
import { HubReplacedError, NoSnapshotError } from './errors.ts';
import type { Journal } from './journal.ts';
import { meaningOf } from './losses.ts';
import type { Membership } from './membership.ts';
import type { MembershipEvent } from './membership-event.ts';

/** Tells of an event; what is true of all events at this time is added. */
export type Announce = (kind: MembershipEvent['kind'], about?: Partial<MembershipEvent>) => void;

export interface ReceptionOptions {
  readonly experiment: Experiment;
  readonly channel: HubChannel;
  readonly store: CheckpointStore;
  readonly journal: Journal;
  readonly membership: Membership;
  /** Iterations of which the hub holds a checkpoint. */
  readonly cuts: ReadonlySet<number>;
  readonly announce: Announce;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Who comes and who goes: answers hellos, under which epoch of the hub, and takes note of losses. */
export class Reception {
  readonly #options: ReceptionOptions;
  /** Under the present epoch. */
  readonly #welcomed = new Set<string>();
  #epoch: number;

  constructor(options: ReceptionOptions, epoch: number) {
    this.#options = options;
    this.#epoch = epoch;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Throws what the site is refused for. */
  async welcome(hello: Hello): Promise<Welcome> {
    const { experiment, membership, now } = this.#options;
    const siteIndex = placeOf(hello, experiment);
    if (!this.#canGoOn(hello)) throw new NoSnapshotError(hello.site, hello.snapshots);
    const isOurs = this.#welcomed.has(hello.site) && hello.hubEpoch === this.#epoch;
    if (hello.hubEpoch >= this.#epoch && !isOurs) await this.#raiseEpoch(hello);
    this.#welcomed.add(hello.site);
    membership.hello(hello, now());
    const { images, feedback } = experiment.spec.wire;
    return { hubEpoch: this.#epoch, experiment, siteIndex, codecs: { images, feedback } };
  }

  /** The site has gone of its own will. */
  left(site: string): void {
    const { channel, membership, announce, now } = this.#options;
    channel.forget(site);
    membership.left(site, now());
    announce('left', { site });
  }

  /** Takes note of an error in an exchange with a site. Throws where waiting for the site does not help. */
  failed(site: string, error: unknown): void {
    const { channel, membership, announce, now } = this.#options;
    channel.closed.throwIfAborted();
    switch (meaningOf(error)) {
      case 'Lost':
        if (membership.seat(site).lostAt === null) announce('lost', { site, reason: String((error as { code?: string }).code) });
        membership.lost(site, now());
        return;
      case 'Left':
        this.left(site);
        return;
      case 'Replaced':
        throw new HubReplacedError(site, error);
      default:
        throw error;
    }
  }

  /** A member must leave the others a cut to go back to; any other site needs but a snapshot of its own. */
  #canGoOn({ site, snapshots }: Hello): boolean {
    const { experiment, membership, cuts, journal } = this.#options;
    const seat = { ...membership.seat(site), snapshots: new Set(snapshots) };
    const others = seat.member ? membership.members.filter((member) => member.site !== site) : [];
    return commonCut(cuts, [...others, seat], journal.participation, experiment.spec.membership.recovery) !== null;
  }

  /** Another hub has been there, or this one has lost its own number: all that was agreed under the old one is void. */
  async #raiseEpoch({ site: newcomer, hubEpoch }: Hello): Promise<void> {
    const { channel, store, membership, announce, now } = this.#options;
    this.#epoch = hubEpoch + 1;
    this.#welcomed.clear();
    for (const { site, hello } of membership.seats) {
      if (hello === null || site === newcomer) continue;
      channel.forget(site);
      membership.lost(site, now());
    }
    await writeEpoch(store.directory, this.#epoch);
    announce('epoch-raised', { site: newcomer });
  }
}
