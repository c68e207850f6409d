/** The hub: one generator that learns from the feedback of the sites. */
export { GeneratorError } from './errors.ts';
export { Hub, type HubOptions } from './hub.ts';
export type { SyntheticImage } from './images.ts';
export { Journal, type JournalEntry, readJournal } from './journal.ts';
export { type KeptGenerator, openCheckpoint } from './kept-generator.ts';
export { appendEvent, type MembershipEvent } from './membership-event.ts';
export { replay } from './replay.ts';
export { type Observer, trainSynchronously } from './synchronous.ts';
export { GeneratorTrainer, type GeneratorTrainerSpec } from './trainer.ts';
