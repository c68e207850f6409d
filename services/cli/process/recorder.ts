import type { JournalEntry } from '#generator';
import type { Logger, Metrics, Phase } from '#telemetry';
import type { Report } from './thread.ts';

/** Makes metrics, log lines and the answer to /readyz of what the training thread reports. */
export class Recorder {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #problem: string | null = 'starting';

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** Why no work can be done now, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  reconnected(): void {
    this.#metrics.natsReconnects(1);
  }

  take(report: Report): void {
    switch (report.kind) {
      case 'log':
        this.#logger[report.level](report.message, report.fields);
        break;
      case 'text':
        process.stderr.write(report.text);
        break;
      case 'ready':
        this.#problem = report.problem;
        break;
      case 'iterated':
        this.#iterated(report.entry);
        this.#metrics.tensorsLive(report.liveHandles);
        break;
      case 'measured':
        this.#metrics[report.metric](report.value);
        break;
    }
  }

  #iterated({ iteration, seconds, phases, sites }: JournalEntry): void {
    const metrics = this.#metrics;
    metrics.iteration(iteration + 1);
    metrics.iterationDuration(seconds);
    for (const [phase, of] of Object.entries(phases)) metrics.phaseDuration(of, { phase: phase as Phase });
    for (const [site, { losses, seconds: latency, bytes }] of Object.entries(sites)) {
      metrics.siteLatency(latency, { site });
      metrics.wireBytes(bytes.down, { site, direction: 'down' });
      metrics.wireBytes(bytes.up, { site, direction: 'up' });
      metrics.siteStaleness(0, { site });
      for (const side of ['generator', 'discriminator'] as const) {
        const loss = losses[side];
        if (loss !== undefined) metrics.loss(loss, { site, side });
      }
    }
  }
}
