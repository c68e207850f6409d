import type { LinkTiming } from './timing.ts';

/** Growing, jittered delays between attempts to connect, so that many sites do not come back in one moment. */
export class Backoff {
  readonly #timing: LinkTiming;
  readonly #random: () => number;
  #attempts = 0;
  #delay = 0;

  constructor(timing: LinkTiming, random: () => number) {
    this.#timing = timing;
    this.#random = random;
    this.reset();
  }

  /** ms; the same until the next attempt begins, because nats.js asks again while it waits */
  delay(): number {
    return this.#delay;
  }

  /** An attempt has begun. */
  next(): void {
    const { reconnect, longestReconnect } = this.#timing;
    const full = Math.min(longestReconnect, reconnect * 2 ** this.#attempts);
    this.#attempts++;
    this.#delay = full * (1 - this.#random() / 2);
  }

  /** Connected. */
  reset(): void {
    this.#attempts = 0;
    this.next();
  }
}
