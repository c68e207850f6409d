import { setTimeout as delay } from 'node:timers/promises';
import { watchEventLoop } from '../event-loop.ts';
import type { Settings } from '../settings.ts';
import { NO_TELEMETRY, type Telemetry, type TelemetryOptions } from '../telemetry.ts';
import { deliveryTo } from './delivery.ts';
import { resourceOf } from './resource.ts';

const SHUTDOWN_MS = 5000;

/**
 * The parts of the SDK that are asked for, each loaded by itself. Not NodeSDK: that takes twice as long to load (exporters of every
 * protocol) and registers itself for the whole process; here each thread, or each test, may have its own.
 */
export async function startSdk(options: TelemetryOptions, settings: Settings): Promise<Telemetry> {
  const { role, service, version, warn } = options;
  const { endpoint } = settings;
  const scope = { resource: resourceOf(options), name: 'asyndgan', version };
  const delivery = endpoint ? deliveryTo(endpoint, settings.timeoutMs, warn) : undefined;
  const traces = delivery && (await import('./traces.ts')).startTraces(scope, delivery, settings.sampling);
  const tracing = traces?.tracing ?? NO_TELEMETRY.tracing;
  const logs = delivery && (await import('./logs.ts')).startLogs(scope, delivery, tracing);
  const metrics = role === 'main' ? (await import('./metrics.ts')).startMetrics(scope, delivery, settings.metricIntervalMs) : undefined;
  const unwatch = metrics && watchEventLoop(metrics.metrics);
  let stopped: Promise<void> | undefined;

  const stop = async () => {
    unwatch?.();
    const parts = [traces, logs, metrics].map((part) => part?.shutdown());
    const end = new AbortController();
    const isInTime = await Promise.race([
      Promise.allSettled(parts).then(() => true),
      delay(SHUTDOWN_MS, false, { signal: end.signal }).catch(() => false),
    ]);
    end.abort();
    if (!isInTime) warn('the last telemetry was not delivered in time', { service, endpoint: delivery?.to });
  };

  return {
    tracing,
    metrics: metrics?.metrics ?? NO_TELEMETRY.metrics,
    logs: logs?.sink ?? NO_TELEMETRY.logs,
    prometheus: metrics?.prometheus ?? NO_TELEMETRY.prometheus,
    shutdown: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
