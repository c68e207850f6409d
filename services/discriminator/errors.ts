/** Base of every mistake that this room reports to its user. */
export abstract class DiscriminatorError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class UnknownConditionError extends DiscriminatorError {
  readonly code = 'SITE_UNKNOWN_CONDITION';

  constructor(site: string) {
    super(`site ${site}: the hub asked for a label map, or a place in one, that this site has not shared`);
  }
}

export class WrongShapeError extends DiscriminatorError {
  readonly code = 'SITE_WRONG_SHAPE';

  constructor(site: string, shape: readonly number[], wanted: readonly number[]) {
    super(`site ${site}: the hub sent images of [${shape}], the experiment says [${wanted}]`);
  }
}

/** The dead man's switch: the site has kept its state and ends. */
export class HubLostError extends DiscriminatorError {
  readonly code = 'SITE_HUB_LOST';
  override readonly retryable = true;

  constructor(site: string, seconds: number, cause: unknown) {
    super(
      `site ${site}: no answer from the hub for ${seconds} s (spec.membership.hubTimeoutSeconds); its state is kept, start it again when the hub is back`,
      { cause },
    );
  }
}

/** A hub must say which state to start from before it sends work. */
export class NotRestoredError extends DiscriminatorError {
  readonly code = 'SITE_NOT_RESTORED';
  override readonly retryable = true;

  constructor(site: string) {
    super(`site ${site} has said hello again and has not been told yet which state to go on from`);
  }
}

/** The hub's count of what this site has done is another than the site's: a step or a snapshot would be wrong. */
export class OutOfStepError extends DiscriminatorError {
  readonly code = 'SITE_OUT_OF_STEP';

  constructor(site: string, asked: number, done: number) {
    super(`site ${site} is asked for what comes after ${asked} iterations, its state comes after ${done}: restore a snapshot first`);
  }
}

/** The site keeps its last state and goes: a step more would not be in it. */
export class LeavingError extends DiscriminatorError {
  readonly code = 'SITE_LEAVING';
  override readonly retryable = true;

  constructor(site: string) {
    super(`site ${site} is leaving the run`);
  }
}

export class NoTestImagesError extends DiscriminatorError {
  readonly code = 'SITE_NO_TEST_IMAGES';

  constructor(site: string) {
    super(`site ${site} has no test images and cannot score a segmenter`);
  }
}
