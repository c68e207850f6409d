/** Base of all errors of this room. All are mistakes in how the process was started. */
export abstract class TelemetryError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A setting of telemetry that cannot be followed. */
export class TelemetrySettingError extends TelemetryError {
  readonly code = 'TELEMETRY_SETTING';
  constructor(setting: string, value: string, allowed: string) {
    super(`${setting} is '${value}': give ${allowed}`);
  }
}

/** A second SDK in one thread: OpenTelemetry's API knows one, and would send everything to the first in silence. */
export class TelemetryStartedError extends TelemetryError {
  readonly code = 'TELEMETRY_STARTED';
  constructor() {
    super(
      'OpenTelemetry runs in this thread already: shut that down first, start the second in a thread or process of its own, ' +
        'or take what loads it out of NODE_OPTIONS',
    );
  }
}

/** Another process listens on the port of the probes. */
export class ProbePortTakenError extends TelemetryError {
  readonly code = 'TELEMETRY_PORT_TAKEN';
  constructor(host: string, port: number, options?: ErrorOptions) {
    super(`${host}:${port} is taken by another process: give the probes (/livez, /readyz, /metrics) another port, or stop it`, options);
  }
}

/** The address of the probes is not one of this machine, or may not be used. */
export class ProbeAddressError extends TelemetryError {
  readonly code = 'TELEMETRY_PROBE_ADDRESS';
  constructor(host: string, port: number, why: string, options?: ErrorOptions) {
    super(`the probes cannot listen on ${host}:${port} (${why}): give an address of this machine and a port from 1024 on`, options);
  }
}
