import { type Experiment, experimentDigest } from '#experiment';
import type { CheckpointStore, State } from '#nn';
import { type HubChannel, RemoteError, type Scores, WireNotFiniteError, type Work } from '#wire';
import { ConditionLibrary } from './condition-library.ts';
import { NotFiniteError } from './errors.ts';
import { generatorInput, type Order, releaseOrders, type SiteCode, type SyntheticImage, synthesize, wholeOrder } from './images.ts';
import type { JournalEntry } from './journal.ts';
import { labelMapFile, writeLabelMaps } from './label-map-file.ts';
import { Membership } from './membership.ts';
import { mixtureWeights } from './mixture.ts';
import type { GeneratorTrainer } from './trainer.ts';

export interface HubOptions {
  readonly experiment: Experiment;
  readonly channel: HubChannel;
  readonly trainer: GeneratorTrainer;
  readonly store: CheckpointStore;
  /** Iterations to resume from, as far as the sites hold them too. */
  readonly cuts: readonly number[];
  /** Images that a site judges in one iteration. */
  readonly batchOf: (site: string) => number;
  /** Default: the site's place in the experiment. */
  readonly code?: SiteCode;
}

/** The hub's side of a run: who takes part, what they are sent, and the generator that learns from their answers. */
export class Hub {
  readonly #options: HubOptions;
  readonly #membership: Membership;
  readonly #library: ConditionLibrary;
  readonly #shared = new Map<string, PromiseWithResolvers<void>>();

  constructor(options: HubOptions) {
    const { experiment, channel, cuts } = options;
    this.#options = options;
    this.#membership = new Membership(experiment, cuts);
    this.#library = new ConditionLibrary(experiment.spec.model.labels, experiment.spec.training.seed);
    for (const { name } of experiment.spec.sites) this.#shared.set(name, Promise.withResolvers());
    channel.onJoin((hello) => this.#membership.join(hello));
    channel.onConditions(async (site, conditions) => {
      this.#library.store(site, conditions);
      await writeLabelMaps(labelMapFile(options.store.directory, site), conditions);
      this.#shared.get(site)?.resolve();
    });
  }

  /** Waits until every site has joined and sent its label maps; restores the shared checkpoint. Gives the iteration to start with. */
  async assemble(): Promise<number> {
    const cut = await this.#membership.cut;
    await Promise.all([...this.#shared.values()].map(({ promise }) => promise));
    if (cut === null) return 0;
    const { state } = await this.#options.store.load(cut, experimentDigest(this.#options.experiment));
    this.#options.trainer.restore(state);
    return cut;
  }

  /**
   * One synchronous iteration, the reference of all schedules: fakes to every site, everybody's feedback weighed, one step of the generator.
   * `snapshot`: the sites keep their state after it.
   */
  async iterate(iteration: number, snapshot: boolean, signal: AbortSignal): Promise<JournalEntry> {
    const { trainer, experiment } = this.#options;
    const started = performance.now();
    const orders = this.#draw(iteration);
    const images = trainer.forward(iteration, this.#input(orders));
    const feedback = await Promise.all(this.#works(iteration, orders, images, snapshot).map((work) => this.#ask(work, signal)));
    const weights = mixtureWeights(experiment.spec.training.mixture, this.#members);
    const gradient = new Float32Array(images.length);
    let at = 0;
    for (const [i, { answer }] of feedback.entries()) {
      const { data } = answer.gradient;
      for (let k = 0; k < data.length; k++) gradient[at++] = weights[i]! * data[k]!;
    }
    trainer.backward(iteration, gradient);
    const sites = feedback.map(({ site, answer, bytes }) => [site, { losses: answer.losses, seconds: answer.seconds, bytes }] as const);
    return { iteration, seconds: (performance.now() - started) / 1000, sites: Object.fromEntries(sites) };
  }

  /** Keeps the hub's part of the cut after `done` iterations; the sites have kept theirs. */
  async checkpoint(done: number): Promise<void> {
    const { experiment, store, trainer } = this.#options;
    const { seed } = experiment.spec.training;
    await store.save({ party: 'hub', iteration: done, experimentDigest: experimentDigest(experiment), seed, state: trainer.state() });
  }

  /** Where the finished generator is kept. */
  get lastCheckpoint(): { file: string; iteration: number } {
    const { iterations } = this.#options.experiment.spec.training;
    return { file: this.#options.store.fileOf(iterations), iteration: iterations };
  }

  /** Asks every site to keep its state as it is now. */
  async snapshotSites(done: number, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#members.map(({ site }) => this.#options.channel.control(site, { kind: 'snapshot', iteration: done }, signal)));
  }

  /** The first `count` label maps of each site as images, always with the same random numbers: to watch the training. */
  samples(count: number): Generator<SyntheticImage> {
    const orders = this.#members.flatMap(({ site }) =>
      Array.from({ length: count }, (_, i) => wholeOrder(this.#library, site, i, 'sample')),
    );
    return synthesize(this.#options.trainer, (batch) => this.#input(batch), orders);
  }

  /** The release: `total` images spread over the sites by their label maps. */
  release(total: number): Generator<SyntheticImage> {
    const orders = releaseOrders(
      this.#library,
      this.#members.map(({ site }) => site),
      total,
    );
    return synthesize(this.#options.trainer, (batch) => this.#input(batch), orders);
  }

  /** Has every site that holds test images score the segmenter on them; only numbers come back. */
  async score(segmenter: unknown, weights: State, signal: AbortSignal): Promise<Record<string, Scores>> {
    const tensors = [...weights].map(([name, value]) => ({ name, ...value }));
    const able = this.#membership.members.filter(({ manifest }) => manifest.testCount > 0);
    const scores = await Promise.all(
      able.map(async ({ site }) => {
        const reply = await this.#options.channel.control(site, { kind: 'evaluate', segmenter, weights: tensors }, signal);
        return [site, reply.scores] as const;
      }),
    );
    return Object.fromEntries(scores);
  }

  get #members() {
    return this.#membership.members.map(({ site, manifest }) => ({ site, count: manifest.count }));
  }

  #draw(iteration: number): Order[] {
    const { experiment, batchOf } = this.#options;
    return this.#members.flatMap(({ site }) =>
      this.#library
        .draw(site, batchOf(site), experiment.spec.training.cropSize, iteration)
        .map((condition, i): Order => ({ site, condition, draw: ['input', site, iteration, i] })),
    );
  }

  #input(orders: readonly Order[]) {
    const { experiment, code } = this.#options;
    const indexOf = (site: string) => experiment.spec.sites.findIndex(({ name }) => name === site);
    return generatorInput(experiment.spec.model, experiment.spec.training.seed, this.#library, code ?? indexOf, orders);
  }

  #works(iteration: number, orders: readonly Order[], images: Float32Array, snapshot: boolean): { site: string; work: Work }[] {
    const { cropSize } = this.#options.experiment.spec.training;
    const { channels } = this.#options.experiment.spec.model.image;
    const pixels = cropSize * cropSize * channels;
    return this.#members.map(({ site }) => {
      const first = orders.findIndex((order) => order.site === site);
      const own = orders.filter((order) => order.site === site);
      const fakes = {
        shape: [own.length, cropSize, cropSize, channels],
        data: images.slice(first * pixels, (first + own.length) * pixels),
      };
      return {
        site,
        work: { iteration, generatorVersion: iteration, conditions: own.map(({ condition }) => condition.ref), fakes, snapshot },
      };
    });
  }

  async #ask({ site, work }: { site: string; work: Work }, signal: AbortSignal) {
    const { channel } = this.#options;
    const before = channel.traffic(site);
    const answer = await channel.exchange(site, work, signal).catch((error: unknown) => {
      throw isNotFinite(error) ? new NotFiniteError(work.iteration, site, error) : error;
    });
    const { down, up } = channel.traffic(site);
    return { site, answer, bytes: { down: down.bytes - before.down.bytes, up: up.bytes - before.up.bytes } };
  }
}

/** The wire lets no number pass that is not finite, neither here nor at the site. */
const isNotFinite = (error: unknown): boolean =>
  error instanceof WireNotFiniteError || (error instanceof RemoteError && error.remoteCode === NOT_FINITE);

const NOT_FINITE = 'WIRE_NOT_FINITE';
