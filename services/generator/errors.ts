/** Base of every mistake that this room reports to its user. */
export abstract class GeneratorError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class UnknownSiteError extends GeneratorError {
  readonly code = 'HUB_UNKNOWN_SITE';

  constructor(site: string) {
    super(`site ${site} is not in the experiment: add it to spec.sites`);
  }
}

export class SiteMismatchError extends GeneratorError {
  readonly code = 'HUB_SITE_MISMATCH';

  constructor(site: string, what: string, has: unknown, wanted: unknown) {
    super(`site ${site}: its ${what} is ${String(has)}, the experiment wants ${String(wanted)}`);
  }
}

export class SiteTooSmallError extends GeneratorError {
  readonly code = 'HUB_SITE_TOO_SMALL';

  constructor(site: string) {
    super(`site ${site} has no training images: at least one is needed`);
  }
}

export class NoSharedCutError extends GeneratorError {
  readonly code = 'HUB_NO_CUT';

  constructor(cuts: Iterable<number>, sites: readonly { readonly site: string; readonly snapshots: Iterable<number> }[]) {
    const list = [{ site: 'hub', snapshots: cuts }, ...sites].map(
      ({ site, snapshots }) => `${site}: ${[...snapshots].join(', ') || 'none'}`,
    );
    super(
      `there is no iteration of this run of which every party holds a checkpoint (${list.join('; ')}): set spec.membership.recovery to Continue, which lets each site go on from its own, or start again in another folder`,
    );
  }
}

export class NoSnapshotError extends GeneratorError {
  readonly code = 'HUB_NO_SNAPSHOT';

  constructor(site: string, held: readonly number[]) {
    super(
      `site ${site} holds no snapshot from which this run can go on (it holds ${held.join(', ') || 'none'}): with recovery Exact, wait until the run has gone on without it, or set spec.membership.recovery to Continue; if that does not help, empty its folder, then it starts from its seed`,
    );
  }
}

export class QuorumError extends GeneratorError {
  readonly code = 'HUB_NO_QUORUM';
  override readonly retryable = true;

  constructor(present: readonly string[], missing: readonly string[], needed: number, seconds: number) {
    super(
      `after ${seconds} s ${present.length} of the ${needed} sites that it takes are there (${present.join(', ') || 'none'}), missing are ${missing.join(', ')}: start them, or change spec.membership.minSites or startTimeoutSeconds`,
    );
  }
}

export class ReplayError extends GeneratorError {
  readonly code = 'HUB_REPLAY';

  constructor(what: string) {
    super(`the run cannot be repeated: ${what}`);
  }
}

/** Fencing: this hub is not the newest any more. */
export class HubReplacedError extends GeneratorError {
  readonly code = 'HUB_REPLACED';

  constructor(site: string, cause: unknown) {
    super(`site ${site} follows a newer hub than this one: this hub ends, the newer one goes on`, { cause });
  }
}

export class NotFiniteError extends GeneratorError {
  readonly code = 'HUB_DIVERGED';

  constructor(iteration: number, site: string, cause: unknown) {
    super(
      `iteration ${iteration}: what hub and site ${site} exchange is no longer finite, the training has diverged: lower spec.training.optimizer.learningRate`,
      { cause },
    );
  }
}

export class LabelMapFileError extends GeneratorError {
  readonly code = 'HUB_LABEL_MAPS';

  constructor(file: string, cause: unknown) {
    super(`${file} cannot be used as label maps: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

export class JournalDamagedError extends GeneratorError {
  readonly code = 'HUB_JOURNAL_DAMAGED';

  constructor(file: string, line: number, cause: unknown) {
    super(`${file}: line ${line} is damaged; remove it and what follows, then go on with --resume`, { cause });
  }
}
