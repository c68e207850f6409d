import { type Experiment, experimentDigest } from '#experiment';
import type { CheckpointDamagedError, CheckpointStore, State } from '#nn';
import { NO_TRACING, type Tracing } from '#telemetry';
import { type HubChannel, readEpoch, type Scores, writeEpoch } from '#wire';
import { Assembly } from './assembly.ts';
import { ConditionLibrary } from './condition-library.ts';
import { Exchange } from './exchange.ts';
import { generatorInput, type Order, releaseOrders, type SiteCode, type SyntheticImage, synthesize, wholeOrder } from './images.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { labelMapFile, readLabelMaps, writeLabelMaps } from './label-map-file.ts';
import { Membership } from './membership.ts';
import type { MembershipEvent } from './membership-event.ts';
import { mixtureWeights } from './mixture.ts';
import { Phases } from './phases.ts';
import { type Announce, Reception } from './reception.ts';
import type { GeneratorTrainer } from './trainer.ts';
import { TrainingBatch } from './training-batch.ts';

export interface HubOptions {
  readonly experiment: Experiment;
  readonly channel: HubChannel;
  readonly trainer: GeneratorTrainer;
  readonly store: CheckpointStore;
  readonly journal: Journal;
  /** Told of a damaged checkpoint that is passed over. */
  readonly onDamaged: (error: CheckpointDamagedError) => void;
  /** Told of all that happens to the membership. */
  readonly observe: (event: MembershipEvent) => void;
  /** Spans of the iterations. Default: none. */
  readonly tracing?: Tracing;
  /** Images that a site judges in one iteration. */
  readonly batchOf: (site: string) => number;
  /** Default: the site's place in the experiment. */
  readonly code?: SiteCode;
}

/** The hub's side of a run: who takes part, what they are sent, and the generator that learns from their answers. */
export class Hub {
  readonly #options: HubOptions;
  readonly #membership: Membership;
  readonly #reception: Reception;
  readonly #assembly: Assembly;
  readonly #exchange: Exchange;
  readonly #library: ConditionLibrary;

  /**
   * A hub with an epoch above that of every earlier one in the folder of `store`, which goes on with what that folder holds. Sites may join as soon
   * as it is there. Throws WireEpochFileError, and StateMismatchError where the folder belongs to another experiment.
   */
  static async open(options: HubOptions): Promise<Hub> {
    const { experiment, store, onDamaged } = options;
    const { model, training, sites } = experiment.spec;
    const epoch = (await readEpoch(store.directory)) + 1;
    await writeEpoch(store.directory, epoch);
    const library = new ConditionLibrary(model.labels, training.seed);
    for (const { name } of sites) {
      // A site that comes sends them again; one that stays away may not have sent any yet.
      const maps = await readLabelMaps(labelMapFile(store.directory, name)).catch(() => null);
      if (maps) library.store(name, maps);
    }
    const cuts = await store.usable(experimentDigest(experiment), onDamaged);
    if (cuts.length > 0) return new Hub(options, epoch, library, cuts);
    const hub = new Hub(options, epoch, library, [0]);
    await hub.#save(0);
    return hub;
  }

  private constructor(options: HubOptions, epoch: number, library: ConditionLibrary, cuts: readonly number[]) {
    const { experiment, channel, store } = options;
    this.#options = options;
    this.#library = library;
    const membership = new Membership(experiment.spec.sites.map(({ name }) => name));
    const announce: Announce = (kind, about) => this.#announce(kind, about);
    const shared = { ...options, membership, cuts: new Set(cuts), announce, now: () => performance.now() };
    const reception = new Reception(shared, epoch);
    this.#membership = membership;
    this.#reception = reception;
    this.#assembly = new Assembly({ ...shared, reception });
    this.#exchange = new Exchange(channel, membership, reception, experiment.spec.membership.iterationTimeoutSeconds);
    channel.onJoin((hello) => reception.welcome(hello));
    channel.onConditions(async (site, conditions) => {
      this.#library.store(site, conditions);
      await writeLabelMaps(labelMapFile(store.directory, site), conditions);
      membership.ready(site);
    });
    channel.onHeartbeat((site, leaving) => (leaving ? reception.left(site) : membership.heard(site)));
  }

  /** Waits for the sites and brings everybody to one state; gives the iteration to start with. Throws QuorumError, NoSharedCutError. */
  start(signal: AbortSignal): Promise<number> {
    return this.#assembly.start(signal);
  }

  /** What has to be done before iteration `t`: `t`, or an earlier one if the run was taken back. Waits without quorum, until `signal` aborts. */
  settle(t: number, signal: AbortSignal): Promise<number> {
    return this.#assembly.settle(t, signal);
  }

  /** The sites that take part, in the order of the experiment. */
  get members(): string[] {
    return this.#membership.members.map(({ site }) => site);
  }

  /** Who takes part has changed: the next iteration should end in a cut. */
  get cutDue(): boolean {
    return this.#assembly.cutDue;
  }

  /**
   * One synchronous iteration, the reference of all schedules: fakes to every one of `sites`, everybody's feedback weighed, one step of the generator.
   * `snapshot`: the sites keep their state after it. Null when a site was lost: then nothing has changed here, and the same iteration can be asked
   * again, which those who have answered do with the same feedback.
   */
  iterate(iteration: number, sites: readonly string[], snapshot: boolean, signal: AbortSignal): Promise<JournalEntry | null> {
    const { tracing = NO_TRACING } = this.#options;
    return tracing.iterationSpan(iteration, () => this.#iterate(iteration, sites, snapshot, new Phases(tracing), signal));
  }

  async #iterate(
    iteration: number,
    sites: readonly string[],
    snapshot: boolean,
    phases: Phases,
    signal: AbortSignal,
  ): Promise<JournalEntry | null> {
    const { trainer, experiment, batchOf } = this.#options;
    const started = performance.now();
    const batch = phases.run('conditions', () => new TrainingBatch(experiment, this.#library, batchOf, iteration));
    const images = phases.run('forward', () => trainer.forward(iteration, this.#input(batch.orders)));
    const answers = await phases.wait('exchange', () => this.#exchange.all(batch.assignments(sites, images, snapshot), signal));
    if (!answers) return null;
    const participants = answers.map(({ site }) => ({ site, count: this.#membership.seat(site).hello!.manifest.count }));
    const gradient = phases.run('mixture', () => batch.gradient(answers, mixtureWeights(experiment.spec.training.mixture, participants)));
    const contexts = answers.map(({ feedback }) => feedback.trace);
    phases.run('update', () => trainer.backward(iteration, gradient), contexts);
    const joined = this.#assembly.takeJoined();
    return {
      iteration,
      seconds: (performance.now() - started) / 1000,
      phases: phases.seconds,
      epoch: this.#reception.epoch,
      ...(Object.keys(joined).length > 0 && { joined }),
      sites: Object.fromEntries(answers.map(({ site, feedback: { losses, seconds }, bytes }) => [site, { losses, seconds, bytes }])),
    };
  }

  /** Keeps the hub's part of the cut after `done` iterations, of which the sites have kept theirs. */
  async checkpoint(done: number): Promise<void> {
    await this.#options.journal.flush();
    await this.#save(done);
    this.#assembly.cutTaken(await this.#options.store.held());
  }

  async #save(done: number): Promise<void> {
    const { experiment, store, trainer } = this.#options;
    const { seed } = experiment.spec.training;
    await store.save({ party: 'hub', iteration: done, experimentDigest: experimentDigest(experiment), seed, state: trainer.state() });
  }

  /** The generator with its optimiser, as it is now. */
  state(): State {
    return this.#options.trainer.state();
  }

  /** Where the finished generator is kept. */
  get lastCheckpoint(): { file: string; iteration: number } {
    const { iterations } = this.#options.experiment.spec.training;
    return { file: this.#options.store.fileOf(iterations), iteration: iterations };
  }

  /** Has every site keep its state after `done` iterations. False when one was lost: then there is no cut. */
  async snapshotSites(done: number, signal: AbortSignal): Promise<boolean> {
    const { channel, experiment } = this.#options;
    const deadline = AbortSignal.timeout(experiment.spec.membership.iterationTimeoutSeconds * 1000);
    const either = AbortSignal.any([signal, deadline]);
    const kept = await Promise.all(
      this.members.map(async (site) => {
        try {
          await channel.control(site, { kind: 'snapshot', iteration: done }, either);
          this.#membership.kept(site, done);
          return true;
        } catch (error) {
          signal.throwIfAborted();
          this.#reception.failed(site, error);
          return false;
        }
      }),
    );
    return kept.every(Boolean);
  }

  /** Tells the sites that the run has ended, as far as they can be reached. */
  async stop(reason: string, signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.members.map((site) => this.#options.channel.control(site, { kind: 'stop', reason }, signal)));
  }

  /** The first `count` label maps of each site as images, always with the same random numbers: to watch the training. */
  samples(count: number): Generator<SyntheticImage> {
    const orders = this.#known.flatMap((site) => Array.from({ length: count }, (_, i) => wholeOrder(this.#library, site, i, 'sample')));
    return synthesize(this.#options.trainer, (batch) => this.#input(batch), orders);
  }

  /** The release: `total` images spread over the sites by their label maps. */
  release(total: number): Generator<SyntheticImage> {
    const orders = releaseOrders(this.#library, this.#known, total);
    return synthesize(this.#options.trainer, (batch) => this.#input(batch), orders);
  }

  /** Has every site that holds test images score the segmenter on them; only numbers come back. */
  async score(segmenter: unknown, weights: State, signal: AbortSignal): Promise<Record<string, Scores>> {
    const tensors = [...weights].map(([name, value]) => ({ name, ...value }));
    const able = this.#membership.members.filter(({ hello }) => hello!.manifest.testCount > 0);
    const scores = await Promise.all(
      able.map(async ({ site }) => {
        const reply = await this.#options.channel.control(site, { kind: 'evaluate', segmenter, weights: tensors }, signal);
        return [site, reply.scores] as const;
      }),
    );
    return Object.fromEntries(scores);
  }

  #announce(kind: MembershipEvent['kind'], about: Partial<MembershipEvent> = {}): void {
    const { seats } = this.#membership;
    this.#options.observe({
      time: new Date().toISOString(),
      kind,
      epoch: this.#reception.epoch,
      iteration: this.#options.journal.participation.length,
      present: seats.filter(({ present }) => present).length,
      desired: seats.length,
      ...about,
    });
  }

  /** The sites whose label maps are here, in the order of the experiment. */
  get #known(): string[] {
    return this.#options.experiment.spec.sites.map(({ name }) => name).filter((site) => this.#library.has(site));
  }

  #input(orders: readonly Order[]) {
    const { experiment, code } = this.#options;
    const indexOf = (site: string) => experiment.spec.sites.findIndex(({ name }) => name === site);
    return generatorInput(experiment.spec.model, experiment.spec.training.seed, this.#library, code ?? indexOf, orders);
  }
}
