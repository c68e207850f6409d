import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

const RESOLUTION_MS = 10;
const QUANTILES = { p50: 50, p99: 99, max: 100 } as const;

/** Records every `windowMs` how late this thread's timers were since the last time. Does not keep the process alive. Gives what stops it. */
export function watchEventLoop(metrics: Metrics, windowMs = 10_000): () => void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const timer = setInterval(() => {
    if (histogram.count > 0) {
      for (const [quantile, percent] of Object.entries(QUANTILES) as [keyof typeof QUANTILES, number][]) {
        metrics.eventLoopDelay(lateness(histogram.percentile(percent)), { quantile });
      }
    }
    histogram.reset();
  }, windowMs).unref();
  return () => {
    clearInterval(timer);
    histogram.disable();
  };
}

/** Node measures from one timer to the next (ns), so that an idle loop has the timer's own interval as its delay. Seconds. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3);
}
