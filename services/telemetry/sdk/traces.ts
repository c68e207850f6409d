import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Sampling } from '../settings.ts';
import type { Delivery } from './delivery.ts';

/** Spans over OTLP. What a collector is too slow for is dropped beyond 2048 spans; training never waits. */
export function spansTo(delivery: Delivery): SpanProcessor {
  return new Batches({ exporter: delivery.watched('traces', new OTLPTraceExporter(delivery.optionsOf('traces'))) });
}

/** A failed export is told by then, and NodeSDK's shutdown would wait for no other signal once this one rejects. */
class Batches extends BatchSpanProcessor {
  override shutdown(): Promise<void> {
    return super.shutdown().catch(() => {});
  }
}

export function samplerOf({ root, parentBased, ratio }: Sampling): Sampler {
  const own = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  }[root]();
  return parentBased ? new ParentBasedSampler({ root: own }) : own;
}
