import { setTimeout as delay } from 'node:timers/promises';
import { context, createContextKey, diag, logs, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { TelemetryStartedError } from '../errors.ts';
import { watchEventLoop } from '../event-loop.ts';
import { openTelemetryMetrics } from '../instruments.ts';
import type { Settings } from '../settings.ts';
import { OpenTelemetryTracing } from '../spans.ts';
import { NO_TELEMETRY, type Telemetry, type TelemetryOptions } from '../telemetry.ts';
import { deliveryTo } from './delivery.ts';
import { logSink, logsTo } from './logs.ts';
import { metricsTo, Scrape } from './metrics.ts';
import { resourceOf } from './resource.ts';
import { samplerOf, spansTo } from './traces.ts';

const NAME = 'asyndgan';
const SHUTDOWN_MS = 5000;

/**
 * OpenTelemetry for this thread, until shutdown: spans and logs if there is an endpoint, metrics in the main thread. All of it is said
 * here and not by the environment: NodeSDK takes exporters from there for a signal that has no list at all, none for an empty list.
 * Throws TelemetryStartedError.
 */
export function startSdk(options: TelemetryOptions, settings: Settings): Telemetry {
  const { role, service, version, warn } = options;
  if (hasContextManager()) throw new TelemetryStartedError();
  const delivery = settings.endpoint ? deliveryTo(settings.endpoint, settings.timeoutMs, warn) : undefined;
  const scrape = role === 'main' ? new Scrape() : undefined;
  const sdk = new NodeSDK({
    resource: resourceOf(options),
    autoDetectResources: false,
    instrumentations: [],
    textMapPropagator: null, // carrier.ts reads and writes what travels
    sampler: samplerOf(settings.sampling),
    spanProcessors: delivery ? [spansTo(delivery)] : [],
    metricReaders: scrape ? [scrape.reader, ...(delivery ? [metricsTo(delivery, settings.metricIntervalMs)] : [])] : [],
    logRecordProcessors: delivery ? [logsTo(delivery)] : [],
  });
  sdk.start();
  const instruments = scrape && openTelemetryMetrics(metrics.getMeter(NAME, version));
  const unwatch = instruments && watchEventLoop(instruments);
  let stopped: Promise<void> | undefined;

  const stop = async () => {
    unwatch?.();
    const end = new AbortController();
    const isInTime = await Promise.race([
      Promise.allSettled([sdk.shutdown()]).then(() => true),
      delay(SHUTDOWN_MS, false, { signal: end.signal }).catch(() => false),
    ]);
    end.abort();
    for (const api of [trace, metrics, logs, context, propagation, diag]) api.disable();
    if (!isInTime) warn('the last telemetry was not delivered in time', { service, endpoint: delivery?.to });
  };

  return {
    tracing: delivery ? new OpenTelemetryTracing(trace.getTracer(NAME, version)) : NO_TELEMETRY.tracing,
    metrics: instruments ?? NO_TELEMETRY.metrics,
    logs: delivery ? logSink(logs.getLogger(NAME, version)) : NO_TELEMETRY.logs,
    prometheus: scrape ? () => scrape.text() : NO_TELEMETRY.prometheus,
    shutdown: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Whether an SDK is registered in this thread: only then a context becomes the active one. */
function hasContextManager(): boolean {
  const probe = ROOT_CONTEXT.setValue(createContextKey('probe'), true);
  return context.with(probe, () => context.active() === probe);
}
