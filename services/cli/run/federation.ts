import { join } from 'node:path';
import { conditionChannels } from '#datasets';
import { type Batch, DiscriminatorTrainer, Site } from '#discriminator';
import type { Experiment } from '#experiment';
import { appendEvent, GeneratorTrainer, Hub, type HubOptions, Journal } from '#generator';
import { CheckpointStore, type Native, type NnError, type State } from '#nn';
import { type HubChannel, inProcessFederation, type SiteChannel } from '#wire';
import { PooledDataset, type SiteData } from './site-data.ts';

/** Hub and sites of one run, in this process; they share nothing but messages. */
export interface Federation {
  readonly experiment: Experiment;
  readonly hub: Hub;
  readonly channel: HubChannel;
  readonly journal: Journal;
  /** The iteration to start with. */
  readonly start: number;
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  liveHandles(): number;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface FederationOptions {
  readonly native: Native;
  /** Slices of a batch that are computed side by side. */
  readonly shards: number;
  /** Where each party keeps its checkpoints. */
  readonly directory: string;
  /** Files of the run: what happened in each iteration, and to the membership. */
  readonly journal: string;
  readonly events: string;
  readonly perceptualWeights: State | null;
  /** Told of a damaged checkpoint that is passed over. */
  readonly onDamaged: (error: NnError) => void;
}

/** One discriminator for each site: AsynDGAN. */
export async function openFederation(experiment: Experiment, data: readonly SiteData[], options: FederationOptions): Promise<Federation> {
  const { batchSize } = experiment.spec.training;
  return assemble(
    experiment,
    options,
    batchSize * data.length,
    () => batchSize,
    undefined,
    (site) => {
      const { train, test } = data.find((candidate) => candidate.site === site)!;
      return { train, test };
    },
  );
}

const POOLED_SITE = 'all-sites';

/**
 * Syn-All: the same generator against one discriminator over everybody's data, which is told each image's site as a one-hot plane (without that
 * it collapses to one site's look, and the comparison would not be fair).
 */
export async function openPooledFederation(
  experiment: Experiment,
  data: readonly SiteData[],
  options: FederationOptions,
): Promise<Federation> {
  const { spec } = experiment;
  const pooled = new PooledDataset(
    POOLED_SITE,
    data.map(({ train }) => train),
  );
  const batch = spec.training.batchSize * data.length;
  const [first] = spec.sites;
  const pooledExperiment: Experiment = {
    ...experiment,
    spec: { ...spec, membership: { ...spec.membership, minSites: 1 }, sites: [{ ...first!, name: POOLED_SITE }] },
  };
  const sources = new Map<string, number>();
  const sourceOf = (key: string) => sources.get(key)!;
  return assemble(
    pooledExperiment,
    options,
    batch,
    () => batch,
    (_site, condition) => sourceOf(condition.ref.key),
    () => ({
      train: pooled,
      test: null,
      extraChannels: data.length,
      extraConditions: (keys: readonly string[], { conditions }: Batch) =>
        withSitePlanes(conditions, conditionChannels(spec.model.labels), keys.map(sourceOf), data.length),
      onKeys: (keys: readonly string[]) => {
        for (const [i, key] of keys.entries()) sources.set(key, pooled.sourceOf(i));
      },
    }),
  );
}

interface Party extends Pick<SiteData, 'train' | 'test'> {
  readonly extraChannels?: number;
  readonly extraConditions?: (keys: readonly string[], batch: Batch) => Float32Array;
  readonly onKeys?: (keys: readonly string[]) => void;
}

async function assemble(
  experiment: Experiment,
  { native, shards, directory, journal: journalFile, events, perceptualWeights, onDamaged }: FederationOptions,
  hubBatch: number,
  batchOf: (site: string) => number,
  code: HubOptions['code'],
  partyOf: (site: string) => Party,
): Promise<Federation> {
  const { model, training, sites } = experiment.spec;
  const storeOf = (party: string) => new CheckpointStore(join(directory, party));
  const wires = inProcessFederation({ run: experiment.metadata.name });
  const trainer = new GeneratorTrainer(native, { model, training, batchSize: hubBatch, shards });
  const journal = await Journal.open(journalFile);
  const hub = await Hub.open({
    experiment,
    channel: wires.hub,
    trainer,
    store: storeOf('hub'),
    journal,
    batchOf,
    ...(code && { code }),
    onDamaged,
    observe: (event) => appendEvent(events, event),
  });
  const signal = new AbortController().signal;
  const discriminators: DiscriminatorTrainer[] = [];
  const channels: SiteChannel[] = [];
  const runs = sites.map(({ name }) => {
    const { extraChannels = 0, extraConditions, onKeys, train, test } = partyOf(name);
    const batchSize = batchOf(name);
    const discriminator = new DiscriminatorTrainer(native, {
      model,
      training,
      batchSize,
      conditionChannels: conditionChannels(model.labels) + extraChannels,
      seed: siteSeed(training.seed, name),
      shards,
      perceptualWeights,
    });
    discriminators.push(discriminator);
    const site = new Site({
      name,
      experiment,
      native,
      trainer: discriminator,
      train,
      test,
      store: storeOf(name),
      onDamaged,
      batchSize,
      ...(extraConditions && { extraConditions }),
    });
    onKeys?.(site.keys);
    const channel = wires.site(name);
    channels.push(channel);
    return site.run(channel, signal);
  });
  let closing: Promise<void> | null = null;
  const closeOnce = async () => {
    await Promise.all([wires.hub, ...channels].map((channel) => channel.close()));
    await Promise.allSettled(runs);
    await journal.close();
    for (const each of [trainer, ...discriminators]) each.close();
  };
  const close = () => (closing ??= closeOnce());
  try {
    const start = await Promise.race([hub.start(signal), Promise.all(runs).then(() => Promise.reject(new Error('no site is left')))]);
    const parameters = { generator: trainer.parameterCount, discriminator: discriminators[0]!.parameterCount };
    return { experiment, hub, channel: wires.hub, journal, start, parameters, liveHandles: () => trainer.liveHandles, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** conditions [n, pixels, k] -> [n, pixels, k + sites], the added planes one-hot by each sample's site. */
function withSitePlanes(conditions: Float32Array, channels: number, sitesOf: readonly number[], sites: number): Float32Array {
  const pixels = conditions.length / channels;
  const perSample = pixels / sitesOf.length;
  const wide = channels + sites;
  const out = new Float32Array(pixels * wide);
  for (let p = 0; p < pixels; p++) {
    for (let k = 0; k < channels; k++) out[p * wide + k] = conditions[p * channels + k]!;
    out[p * wide + channels + sitesOf[Math.floor(p / perSample)]!] = 1;
  }
  return out;
}

/** Every discriminator starts from its own weights. */
const siteSeed = (seed: number, site: string): number =>
  [...site].reduce((hash, letter) => (Math.imul(hash, 31) + letter.codePointAt(0)!) >>> 0, seed);
