import { join } from 'node:path';
import { conditionChannels } from '#datasets';
import { DiscriminatorTrainer, Site, type SiteOptions } from '#discriminator';
import type { Experiment } from '#experiment';
import { GeneratorTrainer, Hub, type HubOptions, Journal, type MembershipEvent, appendEvent } from '#generator';
import { CheckpointStore, type Native, type NnError, type State } from '#nn';
import type { HubChannel } from '#wire';
import type { SiteData } from './site-data.ts';

/** What every party of a run needs, in one process or in many. */
export interface PartyOptions {
  readonly native: Native;
  /** Slices of a batch that are computed side by side. */
  readonly shards: number;
  /** Where each party keeps its checkpoints, in a folder of its name. */
  readonly directory: string;
  /** Told of a damaged checkpoint that is passed over. */
  readonly onDamaged: (error: NnError) => void;
}
