import { setTimeout as sleep } from 'node:timers/promises';
import { type Conditions, type Hello, RemoteError, type SiteChannel, type Welcome, WireError } from '#wire';
import { HubLostError } from './errors.ts';

/** How a site's part in a run ended. */
export type Departure = { readonly kind: 'left' } | { readonly kind: 'stopped'; readonly reason: string };

/** What the attendance needs of its site. */
export interface Attendant {
  readonly name: string;
  hello(): Promise<Hello>;
  welcomed(welcome: Welcome): Promise<void>;
  conditions(): Promise<Conditions>;
  /** Keeps the site's state on disk, after what it is at work on. */
  keep(): Promise<void>;
}

export interface Timing {
  readonly heartbeatSeconds: number;
  /** Without the hub for so long, the site keeps its state and ends. */
  readonly hubTimeoutSeconds: number;
}

/** In which the hub answers a small message, or the message is given up. */
const ANSWER_SECONDS = 30;
const LAST_WORD_SECONDS = 5;
const FIRST_PAUSE_SECONDS = 0.05;

/** Codes after which the hub may well answer to a new hello or a little later. */
const PASSING = ['WIRE_EPOCH', 'WIRE_CLOSED'];

/** A site's presence in a run: joins, says that it is there, joins again when the hub does not know it, and gives up when there is no hub. */
export class Attendance {
  readonly #site: Attendant;
  readonly #channel: SiteChannel;
  readonly #timing: Timing;
  readonly #now: () => number;

  /** now: milliseconds. */
  constructor(site: Attendant, channel: SiteChannel, timing: Timing, now: () => number) {
    this.#site = site;
    this.#channel = channel;
    this.#timing = timing;
    this.#now = now;
  }

  /**
   * Until the hub says stop (`stopped` aborts, with the reason) or `signal` aborts: then the site keeps its state and says that it leaves.
   * Throws HubLostError, its state kept, and what the hub refuses the site for.
   */
  async run(stopped: AbortSignal, signal: AbortSignal): Promise<Departure> {
    const { closed } = this.#channel;
    try {
      return await this.#attend(AbortSignal.any([stopped, closed, signal]));
    } catch (error) {
      if (stopped.aborted) return { kind: 'stopped', reason: String(stopped.reason) };
      closed.throwIfAborted();
      if (signal.aborted) return this.#leave();
      if (error instanceof HubLostError) await this.#site.keep();
      throw error;
    }
  }

  async #attend(ended: AbortSignal): Promise<never> {
    for (;;) {
      await this.#reach(() => this.#join(ended), ended);
      do await sleep(this.#timing.heartbeatSeconds * 1000, null, { signal: ended });
      while ((await this.#reach(() => this.#channel.heartbeat(false, within(this.#answerSeconds, ended)), ended)) === 'known');
    }
  }

  async #join(ended: AbortSignal): Promise<void> {
    await this.#site.welcomed(await this.#channel.join(await this.#site.hello(), within(this.#answerSeconds, ended)));
    await this.#channel.sendConditions(await this.#site.conditions(), within(this.#timing.hubTimeoutSeconds, ended));
  }

  get #answerSeconds(): number {
    return Math.min(ANSWER_SECONDS, this.#timing.hubTimeoutSeconds);
  }

  async #leave(): Promise<Departure> {
    await this.#site.keep();
    await this.#channel.heartbeat(true, AbortSignal.timeout(LAST_WORD_SECONDS * 1000)).catch(() => 'the hub will notice by itself');
    return { kind: 'left' };
  }

  /** Asks again until the hub answers. Time counts from the first failure, not from the last answer: a process that was stopped for hours asks first. */
  async #reach<T>(ask: () => Promise<T>, ended: AbortSignal): Promise<T> {
    const { heartbeatSeconds, hubTimeoutSeconds } = this.#timing;
    let lostAt: number | null = null;
    for (let pause = FIRST_PAUSE_SECONDS; ; pause *= 2) {
      try {
        return await ask();
      } catch (error) {
        ended.throwIfAborted();
        if (!isPassing(error)) throw error;
        lostAt = error instanceof RemoteError ? null : (lostAt ?? this.#now());
        if (lostAt !== null && this.#now() - lostAt >= hubTimeoutSeconds * 1000)
          throw new HubLostError(this.#site.name, hubTimeoutSeconds, error);
      }
      await sleep(Math.min(pause, heartbeatSeconds) * 1000, null, { signal: ended });
    }
  }
}

const within = (seconds: number, ended: AbortSignal): AbortSignal => AbortSignal.any([ended, AbortSignal.timeout(seconds * 1000)]);

const isPassing = (error: unknown): boolean =>
  error instanceof WireError && (error.retryable || PASSING.includes(error instanceof RemoteError ? error.remoteCode : error.code));
