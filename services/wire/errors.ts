import type { ProtocolVersion } from './messages.ts';

/** Base of all errors of this room. `retryable`: sending the same message again may succeed. */
export abstract class WireError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The other side speaks another major version of the protocol. */
export class WireVersionError extends WireError {
  readonly code = 'WIRE_VERSION';
  constructor(theirs: ProtocolVersion, ours: ProtocolVersion) {
    super(
      `the message is of protocol ${theirs.major}.${theirs.minor}, this side speaks ${ours.major}.${ours.minor}: ` +
        'install releases of the hub and the site charts with the same protocol major version',
    );
  }
}

/** The header is no header: not JSON, a field is missing, of the wrong type or out of range. */
export class WireHeaderError extends WireError {
  readonly code = 'WIRE_HEADER';
}

/** A size is larger than this side accepts, or sizes contradict each other. */
export class WireBoundsError extends WireError {
  readonly code = 'WIRE_BOUNDS';
}

/** The bytes were damaged on the way. */
export class WireCrcError extends WireError {
  readonly code = 'WIRE_CRC';
  override readonly retryable = true;
  constructor(tensor: string, expected: number, actual: number) {
    super(`tensor ${tensor}: crc32c is ${hex(actual)}, the header says ${hex(expected)}: the message was damaged, send it again`);
  }
}

/** Bytes pass the checksum but do not decode: the sender's encoder is wrong. */
export class WireEncodingError extends WireError {
  readonly code = 'WIRE_ENCODING';
}

/** A NaN or an infinity where a number is needed. */
export class WireNotFiniteError extends WireError {
  readonly code = 'WIRE_NOT_FINITE';
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is not finite: training has diverged at the sender (a lower learning rate helps) or its input is wrong`, options);
  }
}

/** A message for another run, site, iteration or version than the one waited for. */
export class WireMismatchError extends WireError {
  readonly code = 'WIRE_MISMATCH';
  constructor(field: string, actual: string | number, expected: string | number) {
    super(`the message is for ${field} ${actual}, this side expects ${expected}: the message is dropped`);
  }
}

/** Fencing: the message comes from a hub that has been replaced, or the site has not joined this one. */
export class WireEpochError extends WireError {
  readonly code = 'WIRE_EPOCH';
  constructor(actual: number, expected: number) {
    super(`the message is of hub epoch ${actual}, this side is at ${expected}: only the newest hub counts; the older side must join again`);
  }
}

/** The number that fencing rests on is damaged. */
export class WireEpochFileError extends WireError {
  readonly code = 'WIRE_EPOCH_FILE';
  constructor(file: string) {
    super(`${file} holds no hub epoch: write the highest number that any party of this run holds in a file of this name there`);
  }
}

/** The hub does not know this site, or knew it under another epoch. */
export class WireRejoinError extends WireError {
  static readonly code = 'WIRE_REJOIN';
  readonly code = WireRejoinError.code;
  override readonly retryable = true;
  constructor(site: string) {
    super(`the hub does not know site ${site} at this epoch: the site must join again`);
  }
}

/** A second work was sent while one is in flight. */
export class WireBusyError extends WireError {
  readonly code = 'WIRE_BUSY';
  override readonly retryable = true;
  constructor(site: string, iteration: number) {
    super(`site ${site} still has iteration ${iteration} in flight: one work per site at a time`);
  }
}

/** The other side is not there (yet, or any more). */
export class WireUnreachableError extends WireError {
  readonly code = 'WIRE_UNREACHABLE';
  override readonly retryable = true;
}

/** The deadline passed. */
export class WireTimeoutError extends WireError {
  readonly code = 'WIRE_TIMEOUT';
  override readonly retryable = true;
  constructor(what: string, options?: ErrorOptions) {
    super(`no answer to ${what} before the deadline`, options);
  }
}

/** The channel was closed, here or at the other side. */
export class WireClosedError extends WireError {
  readonly code = 'WIRE_CLOSED';
}

/** The channel was used in a way that its contract excludes: a defect in this program. */
export class WireUsageError extends WireError {
  readonly code = 'WIRE_USAGE';
}

/** No NATS server answers at the given address. */
export class NatsUnreachableError extends WireError {
  readonly code = 'WIRE_NATS_UNREACHABLE';
  override readonly retryable = true;
}

/** The NATS server refuses the credentials, or they do not allow the subjects of this run and site. */
export class NatsAuthError extends WireError {
  readonly code = 'WIRE_NATS_AUTH';
}

/** No encrypted connection with the NATS server comes about. */
export class NatsTlsError extends WireError {
  readonly code = 'WIRE_NATS_TLS';
}

/** The NATS server's configuration is too small for this experiment. */
export class NatsLimitError extends WireError {
  readonly code = 'WIRE_NATS_LIMIT';
}

/** A NATS server of our own is not found or does not start. */
export class NatsServerError extends WireError {
  readonly code = 'WIRE_NATS_SERVER';
}

/** What the handler at the other side threw. */
export class RemoteError extends WireError {
  readonly code = 'WIRE_REMOTE';
  /** stable code of the other side's error, INTERNAL when it had none */
  readonly remoteCode: string;
  override readonly retryable: boolean;
  constructor(peer: string, remote: RemoteFailure) {
    super(`${peer} answered ${remote.code}: ${remote.message ?? 'it keeps the details in its own log'}`);
    this.remoteCode = remote.code;
    this.retryable = remote.retryable;
  }
}

/** An error as it crosses the wire; no stack, and no message where the sender keeps it to itself. */
export interface RemoteFailure {
  readonly code: string;
  readonly message?: string;
  readonly retryable: boolean;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
