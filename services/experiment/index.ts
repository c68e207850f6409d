export { experimentDigest } from './digest.ts';
export {
  ExperimentDocumentsError,
  ExperimentEmptyError,
  ExperimentError,
  ExperimentInvalidError,
  ExperimentNotAFileError,
  ExperimentNotFoundError,
  ExperimentNotTextError,
  ExperimentSyntaxError,
  ExperimentTooLargeError,
  ExperimentUnreadableError,
} from './errors.ts';
export { loadExperiment } from './load.ts';
export { parseExperiment } from './parse.ts';
export type {
  DiscriminatorSpec,
  Experiment,
  ExperimentSpec,
  GeneratorSpec,
  ModelSpec,
  ReleaseSpec,
  SiteSpec,
  TrainingSpec,
  WireSpec,
} from './schema.ts';
export { unsupported } from './unsupported.ts';
