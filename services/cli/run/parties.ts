import { join } from 'node:path';
import { conditionChannels } from '#datasets';
import { type Batch, DiscriminatorTrainer, Site } from '#discriminator';
import type { Experiment } from '#experiment';
import { appendEvent, GeneratorTrainer, Hub, type HubOptions, Journal, type MembershipEvent } from '#generator';
import { CheckpointStore, type Native, type NnError, type State } from '#nn';
import type { Tracing } from '#telemetry';
import type { HubChannel } from '#wire';
import type { SiteData } from './site-data.ts';

/** What every party of a run needs, be it in one process or each in its own. */
export interface PartyOptions {
  readonly native: Native;
  /** Slices of a batch that are computed side by side. */
  readonly shards: number;
  /** Where each party keeps its checkpoints, in a folder of its name. */
  readonly directory: string;
  /** Told of a damaged checkpoint that is passed over. */
  readonly onDamaged: (error: NnError) => void;
  /** Default: no spans. */
  readonly tracing?: Tracing;
}

export interface HubPartyOptions extends PartyOptions {
  /** Files of the run: what happened in each iteration, and to the membership. */
  readonly journal: string;
  readonly events: string;
  readonly observe?: (event: MembershipEvent) => void;
  /** Images of each site in one iteration. Default: the experiment's batch size. */
  readonly batchSize?: number;
  readonly code?: HubOptions['code'];
}

export interface HubParty {
  readonly hub: Hub;
  readonly journal: Journal;
  readonly trainer: GeneratorTrainer;
  close(): Promise<void>;
}

/** The hub with its generator. Close the channel before it. */
export async function openHub(experiment: Experiment, channel: HubChannel, options: HubPartyOptions): Promise<HubParty> {
  const { model, training, sites } = experiment.spec;
  const { native, shards, directory, onDamaged, events, observe, code, tracing, batchSize = training.batchSize } = options;
  const trainer = new GeneratorTrainer(native, { model, training, batchSize: batchSize * sites.length, shards });
  const journal = await Journal.open(options.journal);
  const close = async () => {
    await journal.close();
    trainer.close();
  };
  try {
    const hub = await Hub.open({
      ...{ experiment, channel, trainer, journal, onDamaged, ...(code && { code }), ...(tracing && { tracing }) },
      store: new CheckpointStore(join(directory, 'hub')),
      batchOf: () => batchSize,
      observe: (event) => {
        appendEvent(events, event);
        observe?.(event);
      },
    });
    return { hub, journal, trainer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface SitePartyOptions extends PartyOptions {
  /** VGG16's weights, where the experiment has the perceptual term. */
  readonly perceptualWeights: State | null;
  /** Default: the experiment's. */
  readonly batchSize?: number;
  /** Channels that the discriminator is shown beside the label map's, and how they are made from the keys of a batch's label maps. */
  readonly extraConditions?: { readonly channels: number; readonly of: (keys: readonly string[], batch: Batch) => Float32Array };
}

export interface SiteParty {
  readonly site: Site;
  readonly trainer: DiscriminatorTrainer;
  close(): void;
}

/** A site with its discriminator. */
export function openSite(experiment: Experiment, { site: name, train, test }: SiteData, options: SitePartyOptions): SiteParty {
  const { model, training } = experiment.spec;
  const { native, shards, directory, onDamaged, perceptualWeights, tracing, batchSize = training.batchSize, extraConditions } = options;
  const trainer = new DiscriminatorTrainer(native, {
    ...{ model, training, batchSize, shards, perceptualWeights },
    conditionChannels: conditionChannels(model.labels) + (extraConditions?.channels ?? 0),
    seed: siteSeed(training.seed, name),
  });
  const site = new Site({
    ...{ name, experiment, native, trainer, train, test, onDamaged, batchSize },
    store: new CheckpointStore(join(directory, name)),
    ...(extraConditions && { extraConditions: extraConditions.of }),
    ...(tracing && { tracing }),
  });
  return { site, trainer, close: () => trainer.close() };
}

/** Every discriminator starts from its own weights. */
const siteSeed = (seed: number, site: string): number =>
  [...site].reduce((hash, letter) => (Math.imul(hash, 31) + letter.codePointAt(0)!) >>> 0, seed);
