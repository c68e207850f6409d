/** Base of every mistake that this room reports to its user. */
export abstract class NnError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class NativeMissingError extends NnError {
  readonly code = 'NN_NATIVE_MISSING';
  override readonly exitCode = 1;

  constructor(file: string, cause: unknown) {
    super(`native TensorFlow cannot be loaded from ${file}: run "npm run setup"`, { cause });
  }
}

/** A mistake of the graph's author, never of a user: shapes that do not fit, a name taken twice. */
export class GraphError extends NnError {
  readonly code = 'NN_GRAPH';
  override readonly exitCode = 1;
}

export class SessionError extends NnError {
  readonly code = 'NN_SESSION';
  override readonly exitCode = 1;

  constructor(run: string, cause: unknown) {
    super(`the training step '${run}' failed in TensorFlow: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Weights that do not belong to this network. */
export class StateMismatchError extends NnError {
  readonly code = 'NN_STATE_MISMATCH';

  constructor(what: string) {
    super(`${what}: the weights were made by another model or another version; use the experiment that they were trained with`);
  }
}

export class CheckpointDamagedError extends NnError {
  readonly code = 'NN_CHECKPOINT_DAMAGED';

  constructor(file: string, why: string) {
    super(`${file} is not a usable checkpoint: ${why}; use an older one`);
  }
}

export class WeightsFileError extends NnError {
  readonly code = 'NN_WEIGHTS_FILE';

  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} cannot be used as weights: ${why}`, options);
  }
}
