/** A mistake that a user of the evaluator can make or meet. */
export abstract class EvaluatorError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ReleaseNotFoundError extends EvaluatorError {
  readonly code = 'EVALUATOR_RELEASE_NOT_FOUND';
  constructor(directory: string, options?: ErrorOptions) {
    super(`${directory} is no release: it has no card.json; name the folder that a run wrote as OUT/release`, options);
  }
}

export class ReleaseCardError extends EvaluatorError {
  readonly code = 'EVALUATOR_RELEASE_CARD';
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} is no card of schema asyndgan.io/release-card/v1: ${reason}`, options);
  }
}

export class ReleaseDamagedError extends EvaluatorError {
  readonly code = 'EVALUATOR_RELEASE_DAMAGED';
  constructor(directory: string, what: string, options?: ErrorOptions) {
    super(`${directory} is not what its card says: ${what}; copy the release again or synthesize it anew`, options);
  }
}

export class ReleaseWriteError extends EvaluatorError {
  readonly code = 'EVALUATOR_RELEASE_WRITE';
  constructor(directory: string, reason: string, options?: ErrorOptions) {
    super(`${directory} could not be written: ${reason}; nothing was released`, options);
  }
}

export class SummaryInvalidError extends EvaluatorError {
  readonly code = 'EVALUATOR_SUMMARY_INVALID';
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} is no summary of schema asyndgan.io/summary/v1: ${reason}`, options);
  }
}
