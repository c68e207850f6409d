import type { Carrier, Phase, Tracing } from '#telemetry';

/** The parts of one iteration: a span and the seconds of each. */
export class Phases {
  readonly #tracing: Tracing;
  readonly seconds: Partial<Record<Phase, number>> = {};

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  /** What `run` gives; it blocks. `linkTo`: contexts of the answers that it makes use of. */
  run<T>(name: Phase, run: () => T, linkTo: readonly Carrier[] = []): T {
    const started = performance.now();
    const result = this.#tracing.phase(name, run, linkTo);
    this.seconds[name] = (performance.now() - started) / 1000;
    return result;
  }

  /** The same of what takes its time. */
  async wait<T>(name: Phase, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await this.#tracing.phase(name, run);
    this.seconds[name] = (performance.now() - started) / 1000;
    return result;
  }
}
