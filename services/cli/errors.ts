/** Base of every mistake that this room reports to its user. */
abstract class CliError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class OutputTakenError extends CliError {
  readonly code = 'CLI_OUTPUT_TAKEN';

  constructor(directory: string) {
    super(`${directory} is not empty: continue that run with --resume, or give another folder with --out`);
  }
}

export class OutputUnusableError extends CliError {
  readonly code = 'CLI_OUTPUT_UNUSABLE';

  constructor(directory: string, why: string, options?: ErrorOptions) {
    super(`${directory} cannot be written (${why}): give another folder with --out`, options);
  }
}

export class NothingToResumeError extends CliError {
  readonly code = 'CLI_NOTHING_TO_RESUME';

  constructor(directory: string) {
    super(`${directory} holds no run of this experiment: start one without --resume`);
  }
}

export class OtherExperimentError extends CliError {
  readonly code = 'CLI_OTHER_EXPERIMENT';

  constructor(file: string, directory: string) {
    super(
      `${directory} holds a run with other settings than ${file} (model, training, wire, sites or seed): resume it with its own, or start in another folder`,
    );
  }
}

export class NothingToReplayError extends CliError {
  readonly code = 'CLI_NOTHING_TO_REPLAY';

  constructor(directory: string) {
    super(`${directory} holds no checkpoint of the hub and journal up to it: there is nothing to repeat`);
  }
}

export class ReplayDiffersError extends CliError {
  readonly code = 'CLI_REPLAY_DIFFERS';

  constructor(checkpoint: string, tensor: string) {
    super(
      `the run repeated from its journal gives another generator than ${checkpoint} (first at ${tensor}): the number of --threads, the version, the processor or the data are others`,
    );
  }
}

export class DiskTooSmallError extends CliError {
  readonly code = 'CLI_DISK_TOO_SMALL';

  constructor(directory: string, needed: number, free: number) {
    const mb = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
    super(`${directory}: this run writes about ${mb(needed)} and only ${mb(free)} are free: make room, or give another folder with --out`);
  }
}

export class UnsupportedFeatureError extends CliError {
  readonly code = 'CLI_UNSUPPORTED';

  constructor(file: string, features: readonly string[]) {
    super(`${file} asks for what this version cannot run yet:\n      ${features.join('\n      ')}`);
  }
}

export class NothingToScoreError extends CliError {
  readonly code = 'CLI_NOTHING_TO_SCORE';

  constructor(file: string) {
    super(`${file}: no site has a test split to score the segmenter on: add one, or set spec.release.evaluate.enabled to false`);
  }
}

export class NotInspectableError extends CliError {
  readonly code = 'CLI_NOT_INSPECTABLE';

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}; inspect knows checkpoints (.ckpt), envelopes and release folders`, options);
  }
}

export class WrongCheckpointError extends CliError {
  readonly code = 'CLI_WRONG_CHECKPOINT';

  constructor(file: string, why: string) {
    super(`${file}: ${why}`);
  }
}

export class NoTestDataError extends CliError {
  readonly code = 'CLI_NO_TEST_DATA';

  constructor(directory: string) {
    super(`${directory} has no test/{images,labels}, neither itself nor in a folder of it: there is nothing to score on`);
  }
}

export class SettingError extends CliError {
  readonly code = 'CLI_SETTING';

  constructor(name: string, value: string, wanted: string) {
    super(`${name}=${value}: ${wanted} is needed`);
  }
}

export class UnknownSiteNameError extends CliError {
  readonly code = 'CLI_UNKNOWN_SITE';

  constructor(site: string, file: string, sites: readonly string[]) {
    super(`--site ${site}: ${file} has no such site; it has ${sites.join(', ')}`);
  }
}

export class NoServerError extends CliError {
  readonly code = 'CLI_NO_NATS_SERVER';

  constructor(servers: string) {
    super(`--nats ${servers}: no server answers there; start one, or let the run start its own with --nats embedded`);
  }
}

export class ProcessFailedError extends CliError {
  readonly code = 'CLI_PROCESS_FAILED';

  constructor(name: string, how: string, log: string | null) {
    super(`${name} cannot run (${how}): ${log === null ? 'its own message is above' : `see ${log}`}`);
  }
}

export class HalfACertificateError extends CliError {
  readonly code = 'CLI_HALF_A_CERTIFICATE';

  constructor() {
    super('--tls-cert and --tls-key belong together, and --tls-ca goes with them: give both, or none to have an authority made');
  }
}
