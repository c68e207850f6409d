import { RemoteError, WireError } from '#wire';

/** What an error in an exchange with a site means for the run. */
export type Meaning =
  /** The site is gone or cannot be reached; it may come back. */
  | 'Lost'
  /** It goes of its own will. */
  | 'Left'
  /** The site follows a newer hub. */
  | 'Replaced'
  | 'Diverged'
  /** A checkpoint at the site cannot be read. */
  | 'Damaged'
  /** Nothing that waiting helps against. */
  | 'Fatal';

const BY_CODE: Readonly<Record<string, Meaning>> = {
  WIRE_EPOCH: 'Replaced',
  WIRE_NOT_FINITE: 'Diverged',
  WIRE_CLOSED: 'Lost',
  SITE_LEAVING: 'Left',
  NN_CHECKPOINT_DAMAGED: 'Damaged',
};

export function meaningOf(error: unknown): Meaning {
  if (!(error instanceof WireError)) return 'Fatal';
  return BY_CODE[error instanceof RemoteError ? error.remoteCode : error.code] ?? (error.retryable ? 'Lost' : 'Fatal');
}
