/** A mistake in what `asyndgan enroll` was asked, or in the folder of the federation. `retryable`: the same command may succeed later. */
export abstract class IdentityError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class NameInvalidError extends IdentityError {
  readonly code = 'IDENTITY_NAME';
  constructor(what: string, name: string, why: string) {
    super(`${what} ${JSON.stringify(name)} ${why}`);
  }
}

export class LifetimeInvalidError extends IdentityError {
  readonly code = 'IDENTITY_LIFETIME';
  constructor(text: string, longest: string) {
    super(`${JSON.stringify(text)} is no lifetime: give a whole number and s, m, h or d, such as 30d or 12h, at most ${longest}`);
  }
}

export class AddressInvalidError extends IdentityError {
  readonly code = 'IDENTITY_URL';
  constructor(url: string, why: string) {
    super(`${JSON.stringify(url)} ${why}: give tls://HOST:PORT for NATS and, if wanted, wss://HOST:PORT for NATS over WebSocket`);
  }
}

export class DirectoryTakenError extends IdentityError {
  readonly code = 'IDENTITY_DIRECTORY_TAKEN';
  constructor(directory: string) {
    super(`${directory} is not empty: nothing is overwritten; give a new folder with --dir`);
  }
}

export class FileTakenError extends IdentityError {
  readonly code = 'IDENTITY_FILE_TAKEN';
  constructor(file: string) {
    super(`${file} exists already: nothing is overwritten; give a new folder with --out`);
  }
}

export class FileUnwritableError extends IdentityError {
  readonly code = 'IDENTITY_UNWRITABLE';
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`${path} cannot be written (${cause.code}): check its permissions, or give another folder`, { cause });
  }
}

export class FederationMissingError extends IdentityError {
  readonly code = 'IDENTITY_NO_FEDERATION';
  constructor(directory: string, options?: ErrorOptions) {
    super(`${directory} holds no federation: make one with enroll init --dir ${directory}, or give its folder with --dir`, options);
  }
}

export class RegisterDamagedError extends IdentityError {
  readonly code = 'IDENTITY_REGISTER_DAMAGED';
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} is not a register of members (${why}): put back its last copy; without it nobody can be revoked`, options);
  }
}

export class RegisterLockedError extends IdentityError {
  readonly code = 'IDENTITY_LOCKED';
  override readonly retryable = true;
  constructor(lock: string) {
    super(`${lock} exists: another enroll command is at work; wait for it, or delete that file if none is`);
  }
}

export class MemberUnknownError extends IdentityError {
  readonly code = 'IDENTITY_UNKNOWN';
  constructor(name: string, known: readonly string[]) {
    super(`no member is called ${JSON.stringify(name)}: there are ${known.join(', ')}; enroll a new site with enroll site`);
  }
}

export class MemberExistsError extends IdentityError {
  readonly code = 'IDENTITY_EXISTS';
  constructor(name: string) {
    super(`${name} is enrolled already: give it new credentials with enroll renew ${name}, or revoke it first`);
  }
}

export class MemberRevokedError extends IdentityError {
  readonly code = 'IDENTITY_REVOKED';
  constructor(name: string) {
    super(`${name} has been revoked: to admit it again, enroll it anew with enroll site ${name}`);
  }
}

export class KeyMissingError extends IdentityError {
  readonly code = 'IDENTITY_KEY_MISSING';
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} cannot be used (${why}): put the key back from its safe place, then repeat the command`, options);
  }
}

export class GivenFileError extends IdentityError {
  readonly code = 'IDENTITY_GIVEN_FILE';
  constructor(file: string, cause: NodeJS.ErrnoException) {
    super(`${file} cannot be read (${cause.code ?? cause.message}): give the path of a PEM file`, { cause });
  }
}

export class MutualTlsError extends IdentityError {
  readonly code = 'IDENTITY_MUTUAL_TLS';
  constructor() {
    super('--mtls with a certificate of your own needs --tls-ca: without it, any certificate that the system trusts would open the door');
  }
}

export class CertificateGivenError extends IdentityError {
  readonly code = 'IDENTITY_CERTIFICATE_GIVEN';
  constructor(file: string) {
    super(`the server's certificate ${file} was given to enroll init: replace that file itself, then have nats-server reload (SIGHUP)`);
  }
}

export class OpensslError extends IdentityError {
  readonly code = 'IDENTITY_OPENSSL';
  constructor(why: string, options?: ErrorOptions) {
    super(
      `openssl could not make a certificate (${why}): install OpenSSL 1.1.1 or newer, or give certificates with --tls-cert and --tls-key`,
      options,
    );
  }
}

export class PushFailedError extends IdentityError {
  readonly code = 'IDENTITY_PUSH';
  override readonly retryable = true;
  constructor(server: string, why: string, options?: ErrorOptions) {
    super(
      `${server} has not taken the change (${why}): it stands in accounts.conf and holds from the server's next start; repeat the command to push it again`,
      options,
    );
  }
}
