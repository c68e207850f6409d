import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Departure, type DiscriminatorTrainer, Site } from '#discriminator';
import { type Experiment, experimentDigest } from '#experiment';
import { type GeneratorTrainer, Hub, Journal, type JournalEntry, type MembershipEvent, readJournal, trainSynchronously } from '#generator';
import { CheckpointStore, type Native, type State } from '#nn';
import { type HubChannel, type InProcessFederation, inProcessFederation, type SiteChannel } from '#wire';
import { aDataset, anExperiment, temporaryFolder } from '../a-small-run.ts';
import { aDiscriminator, aGenerator } from './a-fake-network.ts';

/*
 * A run whose parties can be killed and started again one by one: each has its folder, and whatever it held in memory goes with it.
 */

type MembershipFields = Partial<Experiment['spec']['membership']>;

/** Seconds may be fractions here, which the schema does not take. */
export function aRecoverableExperiment(
  sites: readonly string[],
  membership: MembershipFields = {},
  training: Readonly<Record<string, unknown>> = {},
): Experiment {
  const experiment = anExperiment({ sites, training: { batchSize: 1, iterations: 12, checkpointEvery: 3, ...training } });
  const { spec } = experiment;
  return { ...experiment, spec: { ...spec, membership: { ...spec.membership, minSites: sites.length, ...membership } } };
}

/** Makes the networks of a process that starts. */
interface Networks {
  generator(): GeneratorTrainer;
  discriminator(site: string): DiscriminatorTrainer;
}

interface RunningSite {
  readonly channel: SiteChannel;
  readonly leave: AbortController;
  readonly ended: Promise<Departure>;
}

export class Federation {
  readonly experiment: Experiment;
  readonly directory: string;
  readonly events: MembershipEvent[] = [];
  readonly #networks: Networks;
  readonly #wires: InProcessFederation;
  readonly #sites = new Map<string, RunningSite>();
  readonly #watchers = new Set<(iteration: number) => void>();
  #closed = false;
  #hub: { channel: HubChannel; stop: AbortController; ended: Promise<number> } | null = null;

  constructor(experiment: Experiment, directory: string, networks: Networks = { generator: aGenerator, discriminator: aDiscriminator }) {
    this.#networks = networks;
    this.experiment = experiment;
    this.directory = directory;
    this.#wires = inProcessFederation({ run: experiment.metadata.name });
  }

  /** Trains to the end; rejects when the hub is killed. Gives the iterations that are done. */
  startHub(change: (channel: HubChannel) => HubChannel = (channel) => channel): Promise<number> {
    const stop = new AbortController();
    const channel = change(this.hubChannel());
    const ended = this.#train(channel, stop.signal);
    ended.catch(() => {});
    this.#hub = { channel, stop, ended };
    return ended;
  }

  hubChannel(): HubChannel {
    const { hub, newHub } = this.#wires;
    return hub.closed.aborted ? newHub() : hub;
  }

  /** All that the hub held in memory is gone; what it was writing may be there or not. */
  async killHub(): Promise<void> {
    await this.#hub?.channel.close();
    await this.#hub?.ended.catch(() => {});
    this.#hub = null;
  }

  stopHub(): void {
    this.#hub?.stop.abort();
  }

  startSite(name: string, change: (channel: SiteChannel) => SiteChannel = (channel) => channel): Promise<Departure> {
    const leave = new AbortController();
    const channel = change(this.#wires.site(name));
    const site = new Site({
      name,
      experiment: this.experiment,
      native: null as unknown as Native,
      trainer: this.#networks.discriminator(name),
      train: aDataset(name, name.length),
      test: null,
      store: this.storeOf(name),
      onDamaged: () => {},
      heartbeatSeconds: 0.02,
      batchSize: this.experiment.spec.training.batchSize,
    });
    const ended = site.run(channel, leave.signal);
    ended.catch(() => {});
    this.#sites.set(name, { channel, leave, ended });
    return ended;
  }

  startAll(): Promise<number> {
    for (const { name } of this.experiment.spec.sites) void this.startSite(name);
    return this.startHub();
  }

  async killSite(name: string): Promise<void> {
    const site = this.#sites.get(name);
    await site?.channel.close();
    await site?.ended.catch(() => {});
  }

  /** As on SIGTERM. */
  async leave(name: string): Promise<Departure> {
    const { leave, ended, channel } = this.#sites.get(name)!;
    leave.abort();
    const departure = await ended;
    await channel.close();
    return departure;
  }

  /** Resolves when the iteration is journalled. */
  reaches(iteration: number): Promise<void> {
    return new Promise((resolve) => {
      const watch = (done: number) => {
        if (done < iteration) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
    });
  }

  /** Resolves when the event has happened. */
  async hears(kind: MembershipEvent['kind'], site?: string): Promise<MembershipEvent> {
    return this.#eventually(() => this.events.find((each) => each.kind === kind && (site === undefined || each.site === site)));
  }

  /** Resolves with the first event of `kind` and site behind the first of kind `first`. */
  async hearsAfter(first: MembershipEvent['kind'], kind: MembershipEvent['kind'], site: string): Promise<MembershipEvent> {
    return this.#eventually(() => {
      const at = this.events.findIndex((each) => each.kind === first);
      return at < 0 ? undefined : this.events.slice(at).find((each) => each.kind === kind && each.site === site);
    });
  }

  storeOf(party: string): CheckpointStore {
    return new CheckpointStore(join(this.directory, party));
  }

  async journal(): Promise<JournalEntry[]> {
    return readJournal(join(this.directory, 'journal.jsonl'));
  }

  async weights(party = 'hub', iteration = this.experiment.spec.training.iterations): Promise<State> {
    return (await this.storeOf(party).load(iteration, experimentDigest(this.experiment))).state;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const name of this.#sites.keys()) await this.killSite(name);
    await this.killHub();
  }

  async #eventually<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#closed) throw new Error('the federation was closed before');
      await sleep(2);
    }
  }

  async #train(channel: HubChannel, signal: AbortSignal): Promise<number> {
    const { experiment } = this;
    const journal = await Journal.open(join(this.directory, 'journal.jsonl'));
    try {
      const hub = await Hub.open({
        experiment,
        channel,
        trainer: this.#networks.generator(),
        store: this.storeOf('hub'),
        journal,
        batchOf: () => experiment.spec.training.batchSize,
        onDamaged: () => {},
        observe: (event) => this.events.push(event),
      });
      const start = await hub.start(signal);
      const iterated = ({ iteration }: JournalEntry) => {
        for (const watch of this.#watchers) watch(iteration);
      };
      return await trainSynchronously(hub, experiment.spec.training, start, journal, { iterated, sampled: async () => {} }, signal);
    } finally {
      await journal.close();
    }
  }
}

export async function aFederation(t: TestContext, experiment: Experiment, networks?: Networks): Promise<Federation> {
  let federation: Federation | null = null;
  // First in, first out: the folder is removed when nobody writes there any more.
  t.after(() => federation?.close());
  federation = new Federation(experiment, await temporaryFolder(t), networks);
  return federation;
}

/** The channel with some of its methods replaced. */
export function overriding<C extends HubChannel | SiteChannel>(channel: C, methods: Partial<C>): C {
  return new Proxy(channel, {
    get: (target, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export function assertSameWeights(actual: State, expected: State): void {
  assert.deepEqual(bytes(actual), bytes(expected));
}

const bytes = (state: State) =>
  [...state].map(([name, { data }]) => [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')]);
