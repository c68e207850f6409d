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

export class NoTestImagesError extends DiscriminatorError {
  readonly code = 'SITE_NO_TEST_IMAGES';

  constructor(site: string) {
    super(`site ${site} has no test images and cannot score a segmenter`);
  }
}
