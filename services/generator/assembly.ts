import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, experimentDigest } from '#experiment';
import { CheckpointDamagedError, type CheckpointStore } from '#nn';
import { type Hello, type HubChannel, type Welcome, writeEpoch } from '#wire';
import { placeOf } from './admission.ts';
import { commonCut } from './common-cut.ts';
import { HubReplacedError, NoSharedCutError, NoSnapshotError, QuorumError } from './errors.ts';
import type { Journal } from './journal.ts';
import { meaningOf } from './losses.ts';
import { Membership } from './membership.ts';
import type { MembershipEvent } from './membership-event.ts';
import { nextStep, type Rules } from './next-step.ts';
import type { GeneratorTrainer } from './trainer.ts';

/** The longest that a timer of Node takes. */
const FOR_EVER_MS = 2 ** 31 - 1;

export interface AssemblyOptions {
  readonly experiment: Experiment;
  readonly channel: HubChannel;
  readonly trainer: Pick<GeneratorTrainer, 'restore'>;
  readonly store: CheckpointStore;
  readonly journal: Journal;
  readonly epoch: number;
  /** Iterations of which the hub holds a checkpoint. */
  readonly cuts: readonly number[];
  readonly onDamaged: (error: CheckpointDamagedError) => void;
  readonly observe: (event: MembershipEvent) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Brings hub and sites to one state from which the next iteration can be done: at the start, and whenever a site is lost, leaves or comes. */
export class Assembly {
  readonly membership: Membership;
  readonly #options: AssemblyOptions;
  readonly #rules: Rules;
  #cuts: Set<number>;
  readonly #welcomed = new Set<string>();
  #epoch: number;
  /** Hub and sites may be at different iterations. */
  #torn = true;
  #quorum = true;
  #joined = new Map<string, number>();
  #cutDue = false;

  constructor(options: AssemblyOptions) {
    const { sites, membership } = options.experiment.spec;
    this.#options = options;
    this.#epoch = options.epoch;
    this.#cuts = new Set(options.cuts);
    this.membership = new Membership(sites.map(({ name }) => name));
    this.#rules = { minSites: membership.minSites, recovery: membership.recovery, siteTimeoutMs: membership.siteTimeoutSeconds * 1000 };
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Who takes part has changed since the last cut: without a new one, a rollback would change it back. */
  get cutDue(): boolean {
    return this.#cutDue;
  }

  /** The answer to a hello. Throws what the site is refused for. */
  async welcome(hello: Hello): Promise<Welcome> {
    const { experiment, journal, now } = this.#options;
    const siteIndex = placeOf(hello, experiment);
    const seat = { ...this.membership.seat(hello.site), snapshots: new Set(hello.snapshots) };
    const others = seat.member ? this.membership.members.filter(({ site }) => site !== hello.site) : [];
    if (!commonCut(this.#cuts, [...others, seat], journal.participation, this.#rules.recovery))
      throw new NoSnapshotError(hello.site, hello.snapshots);
    const seen = this.#welcomed.has(hello.site) ? hello.hubEpoch - 1 : hello.hubEpoch;
    if (seen >= this.#epoch) await this.#raiseEpoch(hello.hubEpoch + 1, hello.site);
    this.#welcomed.add(hello.site);
    this.membership.hello(hello, now());
    const { images, feedback } = experiment.spec.wire;
    return { hubEpoch: this.#epoch, experiment, siteIndex, codecs: { images, feedback } };
  }

  /** The site has gone of its own will. */
  left(site: string): void {
    this.#options.channel.forget(site);
    this.membership.left(site, this.#options.now());
    this.#tell('left', { site });
  }

  /** Takes note of an error in an exchange with a site. Throws where waiting for the site does not help. */
  failed(site: string, error: unknown): void {
    this.#options.channel.closed.throwIfAborted();
    const meaning = meaningOf(error);
    if (meaning === 'Replaced') throw new HubReplacedError(site, this.#epoch, error);
    if (meaning === 'Left') this.left(site);
    else if (meaning === 'Lost') this.#lost(site, error);
    else throw error;
  }

  #lost(site: string, error: unknown): void {
    if (this.membership.seat(site).lostAt === null) this.#tell('lost', { site, reason: (error as { code: string }).code });
    this.membership.lost(site, this.#options.now());
  }

  /** What the next iteration's entry has to say of sites that were restored: the iteration, null for the seed. */
  takeJoined(): Record<string, number | null> {
    const joined = Object.fromEntries([...this.#joined].map(([site, from]) => [site, from === 0 ? null : from]));
    this.#joined.clear();
    return joined;
  }

  /** A cut of all parties is on disk; the hub holds these now. */
  cutTaken(cuts: readonly number[]): void {
    this.#cuts = new Set(cuts);
    this.#cutDue = false;
  }

  /**
   * Waits for the sites that took part last (at first: all of them), or after spec.membership.startTimeoutSeconds for minSites of them, and brings
   * them to one state. Gives the iteration to start with. Throws QuorumError.
   */
  async start(signal: AbortSignal): Promise<number> {
    const { experiment, journal, now } = this.#options;
    const { minSites, startTimeoutSeconds } = experiment.spec.membership;
    const { participation } = journal;
    const wanted = this.membership.seats.filter(({ site }) => participation.length === 0 || participation.isCurrent(site));
    const here = () => this.membership.seats.filter(({ present }) => present).map(({ site }) => site);
    const areAllHere = () => here().length >= minSites && wanted.every(({ site }) => here().includes(site));
    const deadline = now() + startTimeoutSeconds * 1000;
    while (!areAllHere() && now() < deadline) await this.#wait(deadline, signal);
    if (here().length < minSites) {
      const missing = this.membership.seats.filter(({ present }) => !present).map(({ site }) => site);
      throw new QuorumError(here(), missing, minSites, startTimeoutSeconds);
    }
    for (const site of here()) this.membership.enlist(site);
    return this.settle(participation.length, signal);
  }

  /**
   * Does what there is to do before iteration `t`, and waits where it has to. Gives the iteration to go on with: `t`, or an earlier one when the run
   * was taken back. Throws NoSharedCutError, and the signal's reason when it aborts while waiting.
   */
  async settle(t: number, signal: AbortSignal): Promise<number> {
    for (let at = t; ; ) {
      const step = nextStep(this.membership.seats, this.#torn, this.#rules, this.#options.now());
      this.#noteQuorum(step.kind !== 'Wait' || step.quorum);
      if (step.kind === 'Go') return at;
      if (step.kind === 'Wait') await this.#wait(step.until, signal);
      if (step.kind === 'Drop') this.#drop(step.site, 'it has not come back in time or has left');
      if (step.kind === 'Admit') await this.#admit(step.site, at, signal);
      if (step.kind === 'RestoreAll') at = (await this.#restoreAll(signal)) ?? at;
    }
  }

  async #admit(site: string, t: number, signal: AbortSignal): Promise<void> {
    const { member, snapshots } = this.membership.seat(site);
    const from = this.#options.journal.participation.newest(site, snapshots, t);
    if (from === null) {
      this.#drop(site, 'it holds no snapshot that belongs to this run');
      return;
    }
    if (!(await this.#restore(site, from, signal))) return;
    if (!member) this.#cutDue = true;
    this.membership.enlist(site);
    this.#noteJoined(site, from, t);
  }

  /** Null where it has to be tried again: a site was lost or a checkpoint is damaged. */
  async #restoreAll(signal: AbortSignal): Promise<number | null> {
    const { experiment, store, trainer, journal, onDamaged } = this.#options;
    this.#torn = true;
    const { members } = this.membership;
    const common = commonCut(this.#cuts, members, journal.participation, this.#rules.recovery);
    if (!common) throw new NoSharedCutError(this.#cuts, members);
    const { cut, from } = common;
    try {
      trainer.restore((await store.load(cut, experimentDigest(experiment))).state);
    } catch (error) {
      if (!(error instanceof CheckpointDamagedError)) throw error;
      onDamaged(error);
      this.#cuts.delete(cut);
      return null;
    }
    const restored = await Promise.all([...from].map(([site, iteration]) => this.#restore(site, iteration, signal)));
    if (restored.includes(false)) return null;
    const done = journal.participation.length;
    await store.discardAfter(cut);
    for (const each of this.#cuts) if (each > cut) this.#cuts.delete(each);
    await journal.cutBack(cut);
    this.#joined.clear();
    for (const [site, iteration] of from) this.#noteJoined(site, iteration, cut);
    this.#torn = false;
    if (done > cut) this.#tell('rolled-back', { iteration: done, to: cut });
    return cut;
  }

  /** False where the site was lost over it, or its snapshot is damaged. */
  async #restore(site: string, iteration: number, signal: AbortSignal): Promise<boolean> {
    const { channel, experiment } = this.#options;
    const { hello } = this.membership.seat(site);
    const deadline = AbortSignal.timeout(experiment.spec.membership.iterationTimeoutSeconds * 1000);
    try {
      await channel.control(site, { kind: 'restore', iteration }, AbortSignal.any([signal, deadline]));
    } catch (error) {
      signal.throwIfAborted();
      if (meaningOf(error) === 'Damaged') this.membership.strike(site, iteration);
      else this.failed(site, error);
      return false;
    }
    if (this.membership.seat(site).hello !== hello) return false;
    this.membership.restored(site, iteration);
    return true;
  }

  #drop(site: string, reason: string): void {
    this.#options.channel.forget(site);
    if (this.membership.seat(site).member) this.#cutDue = true;
    this.membership.drop(site);
    this.#joined.delete(site);
    this.#tell('dropped', { site, reason });
  }

  #noteJoined(site: string, from: number, t: number): void {
    if (from !== t) this.#joined.set(site, from);
    this.#tell('joined', { site, iteration: t, from: from === 0 ? null : from });
  }

  #noteQuorum(quorum: boolean): void {
    if (quorum !== this.#quorum) this.#tell(quorum ? 'quorum-returned' : 'quorum-lost');
    this.#quorum = quorum;
  }

  /** Another hub has been there, or this one has lost its own number: all that was agreed under the old one is void. */
  async #raiseEpoch(epoch: number, newcomer: string): Promise<void> {
    const { channel, store, now } = this.#options;
    this.#epoch = epoch;
    this.#welcomed.clear();
    for (const { site, hello } of this.membership.seats) {
      if (hello === null || site === newcomer) continue;
      channel.forget(site);
      this.membership.lost(site, now());
    }
    await writeEpoch(store.directory, epoch);
    this.#tell('epoch-raised', { site: newcomer });
  }

  async #wait(until: number | null, signal: AbortSignal): Promise<void> {
    const { channel, now } = this.#options;
    const over = new AbortController();
    const timer = sleep(until === null ? FOR_EVER_MS : Math.max(0, until - now()), null, {
      signal: AbortSignal.any([signal, channel.closed, over.signal]),
    });
    try {
      await Promise.race([this.membership.changed, timer]);
    } catch {
      signal.throwIfAborted();
      channel.closed.throwIfAborted();
    } finally {
      over.abort();
    }
  }

  #tell(kind: MembershipEvent['kind'], about: Partial<MembershipEvent> = {}): void {
    const { seats } = this.membership;
    this.#options.observe({
      time: new Date().toISOString(),
      kind,
      epoch: this.#epoch,
      iteration: this.#options.journal.participation.length,
      present: seats.filter(({ present }) => present).length,
      desired: seats.length,
      ...about,
    });
  }
}
