import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { openTelemetryMetrics } from '../instruments.ts';
import type { Delivery } from './delivery.ts';
import type { Scope } from './resource.ts';

/** Every series has the run as a label, so that a dashboard can choose one without a join on target_info. */
const CONSTANT_LABELS = /^asyndgan\.run$/;

/** Metrics as text for Prometheus and, with a delivery, over OTLP. */
export function startMetrics({ resource, name, version }: Scope, delivery: Delivery | undefined, intervalMs: number) {
  const scraped = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ resource, readers: delivery ? [scraped, pushed(delivery, intervalMs)] : [scraped] });
  const serializer = new PrometheusSerializer('', false, CONSTANT_LABELS, false, true);
  return {
    metrics: openTelemetryMetrics(provider.getMeter(name, version)),
    prometheus: async () => {
      const text = serializer.serialize((await scraped.collect()).resourceMetrics);
      return text.endsWith('\n') ? text : `${text}\n`; // it forgets the last one before the first metric
    },
    shutdown: () => provider.shutdown(),
  };
}

function pushed(delivery: Delivery, exportIntervalMillis: number) {
  const options = delivery.optionsOf('metrics');
  const exporter = delivery.watched('metrics', new OTLPMetricExporter(options));
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(options.timeoutMillis, exportIntervalMillis),
  });
}
