import type { Attributes, Meter } from '@opentelemetry/api';
import { eachMetric, type Metrics, SECONDS_BUCKETS } from './metrics.ts';

/** The metrics of the table as instruments of OpenTelemetry. */
export function openTelemetryMetrics(meter: Meter): Metrics {
  return eachMetric(({ name, kind, unit, description }) => {
    switch (kind) {
      case 'counter': {
        const counter = meter.createCounter(name, { unit, description });
        return (value, attributes) => counter.add(value, attributes as Attributes);
      }
      case 'gauge': {
        const gauge = meter.createGauge(name, { unit, description });
        return (value, attributes) => gauge.record(value, attributes as Attributes);
      }
      case 'histogram': {
        const histogram = meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: SECONDS_BUCKETS } });
        return (value, attributes) => histogram.record(value, attributes as Attributes);
      }
    }
  });
}
