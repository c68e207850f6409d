import type { LogFields } from './log-record.ts';
import { type LogSink, NO_SINK } from './logger.ts';
import { type Metrics, NO_METRICS } from './metrics.ts';
import { NO_TRACING, type Tracing } from './tracing.ts';

export interface TelemetryOptions {
  /** asyndgan-generator, asyndgan-discriminator, ...; OTEL_SERVICE_NAME goes before it */
  readonly service: string;
  readonly version: string;
  readonly run?: string;
  readonly site?: string;
  /** the same for all threads of one process; default: a random one */
  readonly instance?: string;
  /** worker: a thread that has traces and logs of its own, and leaves metrics to the main one */
  readonly role: 'main' | 'worker';
  /** goes before OTEL_EXPORTER_OTLP_ENDPOINT; with neither nothing is exported */
  readonly otlpEndpoint?: string;
  /** whether metrics are recorded for /metrics, even without an endpoint */
  readonly prometheus?: boolean;
  /** Told once when telemetry cannot be delivered, and once when it can again. */
  readonly warn: (message: string, fields: LogFields) => void;
}

export interface Telemetry {
  readonly tracing: Tracing;
  readonly metrics: Metrics;
  /** for createLogger */
  readonly logs: LogSink;
  /** All metrics in Prometheus' text format, for the probes. */
  prometheus(): Promise<string>;
  /** Delivers what is left, within five seconds. Idempotent; never rejects. */
  shutdown(): Promise<void>;
}

/** Telemetry that is off: everything is a direct call or does nothing. */
export const NO_TELEMETRY: Telemetry = {
  tracing: NO_TRACING,
  metrics: NO_METRICS,
  logs: NO_SINK,
  prometheus: async () => '# telemetry is off in this process\n',
  shutdown: async () => {},
};
