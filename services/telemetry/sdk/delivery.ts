import { errorCode } from '../attributes.ts';
import type { TelemetryOptions } from '../telemetry.ts';

type Signal = 'traces' | 'metrics' | 'logs';

/** OpenTelemetry's ExportResult: code 0 is success. */
interface Outcome {
  readonly code: number;
  readonly error?: Error;
}

interface Exporter<Items> {
  export(items: Items, done: (outcome: Outcome) => void): void;
}

export interface Delivery {
  /** the endpoint without a password, for messages */
  readonly to: string;
  /** for the constructor of an exporter; headers, compression and certificates it reads from the environment */
  optionsOf(signal: Signal): { url: string; timeoutMillis: number };
  /** Makes an exporter tell when it starts to fail and when it works again: left alone it loses everything in silence. */
  watched<Items, E extends Exporter<Items>>(signal: Signal, exporter: E & Exporter<Items>): E;
}

/** How telemetry gets to a collector. */
export function deliveryTo(endpoint: string, timeoutMillis: number, warn: TelemetryOptions['warn']): Delivery {
  const { origin, pathname } = new URL(endpoint);
  const to = `${origin}${pathname}`;
  const failing = new Set<Signal>();
  const note = (signal: Signal, { code, error }: Outcome) => {
    if (code !== 0 && !failing.has(signal)) {
      failing.add(signal);
      const reason = error?.message || errorCode(error);
      warn('telemetry is not delivered: is the address that of a collector for OTLP over HTTP?', { endpoint: to, signal, reason });
    } else if (code === 0 && failing.delete(signal)) {
      warn('telemetry is delivered again', { endpoint: to, signal });
    }
  };
  return {
    to,
    optionsOf: (signal) => ({ url: `${endpoint}/v1/${signal}`, timeoutMillis }),
    watched: (signal, exporter) => {
      const send = exporter.export.bind(exporter);
      exporter.export = (items, done) =>
        send(items, (outcome) => {
          note(signal, outcome);
          done(outcome);
        });
      return exporter;
    },
  };
}
