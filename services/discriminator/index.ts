/** A site: a discriminator beside the hospital's data. */
export { DiscriminatorError } from './errors.ts';
export { Site, type SiteOptions } from './site.ts';
export { type Batch, DiscriminatorTrainer, type DiscriminatorTrainerSpec } from './trainer.ts';
