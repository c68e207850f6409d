import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, experimentDigest } from '#experiment';
import { CheckpointDamagedError, type CheckpointStore } from '#nn';
import type { HubChannel } from '#wire';
import { commonCut } from './common-cut.ts';
import { NoSharedCutError, QuorumError } from './errors.ts';
import type { Journal } from './journal.ts';
import { meaningOf } from './losses.ts';
import type { Membership } from './membership.ts';
import { nextStep, type Rules } from './next-step.ts';
import type { Announce, Reception } from './reception.ts';
import type { GeneratorTrainer } from './trainer.ts';

/** The longest that a timer of Node takes. */
const FOR_EVER_MS = 2 ** 31 - 1;

export interface AssemblyOptions {
  readonly experiment: Experiment;
  readonly channel: HubChannel;
  readonly trainer: Pick<GeneratorTrainer, 'restore'>;
  readonly store: CheckpointStore;
  readonly journal: Journal;
  readonly membership: Membership;
  readonly reception: Reception;
  /** Iterations of which the hub holds a checkpoint; those that turn out to be damaged, or are gone back behind, are taken out. */
  readonly cuts: Set<number>;
  readonly onDamaged: (error: CheckpointDamagedError) => void;
  readonly announce: Announce;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Brings hub and sites to one state from which the next iteration can be done: at the start, and whenever a site is lost, leaves or comes. */
export class Assembly {
  readonly #options: AssemblyOptions;
  readonly #membership: Membership;
  readonly #rules: Rules;
  /** Hub and sites may be at different iterations. */
  #torn = true;
  #quorum = true;
  readonly #joined = new Map<string, number>();
  #cutDue = false;

  constructor(options: AssemblyOptions) {
    const { minSites, recovery, siteTimeoutSeconds } = options.experiment.spec.membership;
    this.#options = options;
    this.#membership = options.membership;
    this.#rules = { minSites, recovery, siteTimeoutMs: siteTimeoutSeconds * 1000 };
  }

  /** Who takes part has changed since the last cut: without a new one, a rollback would change it back. */
  get cutDue(): boolean {
    return this.#cutDue;
  }

  /** What the next iteration's entry has to say of sites that were restored: the iteration, null for the seed. */
  takeJoined(): Record<string, number | null> {
    const joined = Object.fromEntries([...this.#joined].map(([site, from]) => [site, from === 0 ? null : from]));
    this.#joined.clear();
    return joined;
  }

  /** A cut of all parties is on disk; the hub holds these now. */
  cutTaken(held: readonly number[]): void {
    const { cuts } = this.#options;
    cuts.clear();
    for (const cut of held) cuts.add(cut);
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
    const wanted = this.#membership.seats.filter(({ site }) => participation.length === 0 || participation.isCurrent(site));
    const here = () => this.#membership.seats.filter(({ present }) => present).map(({ site }) => site);
    const areAllHere = () => here().length >= minSites && wanted.every(({ site }) => here().includes(site));
    const deadline = now() + startTimeoutSeconds * 1000;
    while (!areAllHere() && now() < deadline) await this.#wait(deadline, signal);
    if (here().length < minSites) {
      const missing = this.#membership.seats.filter(({ present }) => !present).map(({ site }) => site);
      throw new QuorumError(here(), missing, minSites, startTimeoutSeconds);
    }
    for (const site of here()) this.#membership.enlist(site);
    return this.settle(participation.length, signal);
  }

  /**
   * Does what there is to do before iteration `t`, and waits where it has to. Gives the iteration to go on with: `t`, or an earlier one when the run
   * was taken back. Throws NoSharedCutError, and the signal's reason when it aborts while waiting.
   */
  async settle(t: number, signal: AbortSignal): Promise<number> {
    for (let at = t; ; ) {
      const step = nextStep(this.#membership.seats, this.#torn, this.#rules, this.#options.now());
      this.#noteQuorum(step.kind !== 'Wait' || step.quorum);
      if (step.kind === 'Go') return at;
      if (step.kind === 'Wait') await this.#wait(step.until, signal);
      if (step.kind === 'Drop')
        this.#drop(step.site, this.#membership.seat(step.site).left ? 'it has left' : 'it has not come back in time');
      if (step.kind === 'Admit') await this.#admit(step.site, at, signal);
      if (step.kind === 'RestoreAll') at = (await this.#restoreAll(signal)) ?? at;
    }
  }

  async #admit(site: string, t: number, signal: AbortSignal): Promise<void> {
    const { journal, announce } = this.#options;
    const { member, snapshots } = this.#membership.seat(site);
    const from = journal.participation.newest(site, snapshots, t);
    if (from === null) this.#drop(site, 'it holds no snapshot that belongs to this run');
    else if (await this.#restore(site, from, signal)) {
      if (!member) this.#cutDue = true;
      this.#membership.enlist(site);
      if (from !== t) this.#joined.set(site, from);
      announce('joined', { site, from: from || null });
    }
  }

  /** Null where it has to be tried again: a site was lost or a checkpoint is damaged. */
  async #restoreAll(signal: AbortSignal): Promise<number | null> {
    const { experiment, store, trainer, journal, cuts, onDamaged, announce } = this.#options;
    this.#torn = true;
    const { members } = this.#membership;
    const common = commonCut(cuts, members, journal.participation, this.#rules.recovery);
    if (!common) throw new NoSharedCutError(cuts, members);
    const { cut, from } = common;
    try {
      trainer.restore((await store.load(cut, experimentDigest(experiment))).state);
    } catch (error) {
      if (!(error instanceof CheckpointDamagedError)) throw error;
      onDamaged(error);
      cuts.delete(cut);
      return null;
    }
    const restored = await Promise.all(members.map(({ site }) => this.#restore(site, from.get(site)!, signal)));
    if (restored.includes(false)) return null;
    const done = journal.participation.length;
    await store.discardAfter(cut);
    for (const each of cuts) if (each > cut) cuts.delete(each);
    await journal.cutBack(cut);
    this.#torn = false;
    this.#joined.clear();
    for (const [site, iteration] of from) if (iteration !== cut) this.#joined.set(site, iteration);
    if (done > cut) announce('rolled-back', { iteration: done, to: cut });
    for (const { site } of members.filter(({ anew }) => anew)) announce('joined', { site, from: from.get(site) || null });
    return cut;
  }

  /** False where the site was lost over it, or its snapshot is damaged. */
  async #restore(site: string, iteration: number, signal: AbortSignal): Promise<boolean> {
    const { channel, experiment } = this.#options;
    const { hello } = this.#membership.seat(site);
    const deadline = AbortSignal.timeout(experiment.spec.membership.iterationTimeoutSeconds * 1000);
    try {
      await channel.control(site, { kind: 'restore', iteration }, AbortSignal.any([signal, deadline]));
    } catch (error) {
      signal.throwIfAborted();
      if (meaningOf(error) === 'Damaged') this.#membership.strike(site, iteration);
      else this.#options.reception.failed(site, error);
      return false;
    }
    if (this.#membership.seat(site).hello !== hello) return false;
    this.#membership.restored(site, iteration);
    return true;
  }

  #drop(site: string, reason: string): void {
    this.#options.channel.forget(site);
    if (this.#membership.seat(site).member) this.#cutDue = true;
    this.#membership.drop(site);
    this.#joined.delete(site);
    this.#options.announce('dropped', { site, reason });
  }

  #noteQuorum(quorum: boolean): void {
    if (quorum !== this.#quorum) this.#options.announce(quorum ? 'quorum-returned' : 'quorum-lost');
    this.#quorum = quorum;
  }

  async #wait(until: number | null, signal: AbortSignal): Promise<void> {
    const { channel, now } = this.#options;
    const over = new AbortController();
    const timer = sleep(until === null ? FOR_EVER_MS : Math.max(0, until - now()), null, {
      signal: AbortSignal.any([signal, channel.closed, over.signal]),
    });
    try {
      await Promise.race([this.#membership.changed, timer]);
    } catch {
      signal.throwIfAborted();
      channel.closed.throwIfAborted();
    } finally {
      over.abort();
    }
  }
}
