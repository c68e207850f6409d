/** A site: a discriminator beside the hospital's data. */
export type { Departure } from './attendance.ts';
export { DiscriminatorError, HubLostError } from './errors.ts';
export { discriminatorWeights } from './network.ts';
export { Site, type SiteOptions } from './site.ts';
export { type Batch, DiscriminatorTrainer, type DiscriminatorTrainerSpec } from './trainer.ts';
