import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Sampling } from '../settings.ts';
import { OpenTelemetryTracing } from '../spans.ts';
import type { Delivery } from './delivery.ts';
import type { Scope } from './resource.ts';

/** Traces over OTLP. What a collector is too slow for is dropped beyond 2048 spans; training never waits. */
export function startTraces({ resource, name, version }: Scope, delivery: Delivery, sampling: Sampling) {
  const exporter = delivery.watched('traces', new OTLPTraceExporter(delivery.optionsOf('traces')));
  const provider = new TracerProvider({ resource, sampler: samplerOf(sampling), spanProcessors: [new BatchSpanProcessor({ exporter })] });
  return { tracing: new OpenTelemetryTracing(provider.getTracer(name, version)), shutdown: () => provider.shutdown() };
}

function samplerOf({ root, parentBased, ratio }: Sampling): Sampler {
  const own = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  }[root]();
  return parentBased ? new ParentBasedSampler({ root: own }) : own;
}
