import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Delivery } from './delivery.ts';

/** Every series has the run as a label, so that a dashboard can choose one without a join on target_info. */
const CONSTANT_LABELS = /^asyndgan\.run$/;

/** Metrics as text for Prometheus; the probes serve it. */
export class Scrape {
  readonly reader = new PrometheusExporter({ preventServerStart: true });
  readonly #serializer = new PrometheusSerializer('', false, CONSTANT_LABELS, false, true);

  async text(): Promise<string> {
    const text = this.#serializer.serialize((await this.reader.collect()).resourceMetrics);
    return text.endsWith('\n') ? text : `${text}\n`; // it forgets the last one before the first metric
  }
}

/** Metrics over OTLP. */
export function metricsTo(delivery: Delivery, exportIntervalMillis: number): IMetricReader {
  const options = delivery.optionsOf('metrics');
  return new PeriodicExportingMetricReader({
    exporter: delivery.watched('metrics', new OTLPMetricExporter(options)),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(options.timeoutMillis, exportIntervalMillis),
  });
}
