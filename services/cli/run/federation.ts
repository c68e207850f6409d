import { conditionChannels } from '#datasets';
import type { Batch } from '#discriminator';
import type { Experiment } from '#experiment';
import type { Hub, Journal, JournalEntry } from '#generator';
import type { State } from '#nn';
import { type HubChannel, inProcessFederation } from '#wire';
import { type HubPartyOptions, openHub, openSite, type PartyOptions, type SiteParty, type SitePartyOptions } from './parties.ts';
import { PooledDataset, type SiteData } from './site-data.ts';

/** A run as its hub sees it. */
export interface Federation {
  readonly experiment: Experiment;
  readonly hub: Hub;
  readonly channel: HubChannel;
  readonly journal: Journal;
  /** The iteration to start with. */
  readonly start: number;
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  liveHandles(): number;
  /** Told of every iteration that is done. */
  readonly iterated?: (entry: JournalEntry) => void;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface FederationOptions extends PartyOptions, Pick<HubPartyOptions, 'journal' | 'events'> {
  readonly perceptualWeights: State | null;
}

/** Hub and sites in this process, one discriminator for each site: AsynDGAN. They share nothing but messages. */
export async function openFederation(experiment: Experiment, data: readonly SiteData[], options: FederationOptions): Promise<Federation> {
  return assemble(experiment, options, () => data.map((own) => openSite(experiment, own, options)));
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
  const trainSets = data.map(({ train }) => train);
  const pooled = new PooledDataset(POOLED_SITE, trainSets);
  const [first] = spec.sites;
  const pooledExperiment: Experiment = {
    ...experiment,
    spec: { ...spec, membership: { ...spec.membership, minSites: 1 }, sites: [{ ...first!, name: POOLED_SITE }] },
  };
  const sources = new Map<string, number>();
  const sourceOf = (key: string) => sources.get(key)!;
  const ofConditions = (keys: readonly string[], { conditions }: Batch) =>
    withSitePlanes(conditions, conditionChannels(spec.model.labels), keys.map(sourceOf), data.length);
  const batchSize = spec.training.batchSize * data.length;
  const siteOptions: SitePartyOptions = { ...options, batchSize, extraConditions: { channels: data.length, of: ofConditions } };
  return assemble(pooledExperiment, { ...options, batchSize, code: (_site, { ref }) => sourceOf(ref.key) }, () => {
    const party = openSite(pooledExperiment, { site: POOLED_SITE, train: pooled, test: null }, siteOptions);
    for (const [i, key] of party.site.keys.entries()) sources.set(key, pooled.sourceOf(i));
    return [party];
  });
}

async function assemble(experiment: Experiment, options: HubPartyOptions, openSites: () => SiteParty[]): Promise<Federation> {
  const wires = inProcessFederation({ run: experiment.metadata.name });
  const { hub, journal, trainer, close: closeHub } = await openHub(experiment, wires.hub, options);
  const signal = new AbortController().signal;
  const sites = openSites();
  const channels = experiment.spec.sites.map(({ name }) => wires.site(name));
  const runs = sites.map(({ site }, i) => site.run(channels[i]!, signal));
  const end = async () => {
    await Promise.all([wires.hub, ...channels].map((channel) => channel.close()));
    await Promise.allSettled(runs);
    await closeHub();
    for (const site of sites) site.close();
  };
  let ended: Promise<void> | undefined;
  const close = () => {
    ended ??= end();
    return ended;
  };
  try {
    const start = await Promise.race([hub.start(signal), Promise.all(runs).then(() => Promise.reject(new Error('no site is left')))]);
    const parameters = { generator: trainer.parameterCount, discriminator: sites[0]!.trainer.parameterCount };
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
