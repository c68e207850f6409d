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

  constructor(held: Readonly<Record<string, readonly number[]>>) {
    const list = Object.entries(held).map(([party, iterations]) => `${party}: ${iterations.join(', ') || 'none'}`);
    super(`there is no iteration of which every party holds a checkpoint (${list.join('; ')}): start again in another folder`);
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
