import type { Feedback, HubChannel, Traced, Work } from '#wire';
import { NotFiniteError } from './errors.ts';
import { meaningOf } from './losses.ts';
import type { Membership } from './membership.ts';
import type { Reception } from './reception.ts';

/** A site and what it has to do. */
export interface Assignment {
  readonly site: string;
  readonly work: Work;
}

/** What a site answered. */
export interface Answer {
  readonly site: string;
  readonly feedback: Traced<Feedback>;
  /** What crossed the channel for it. */
  readonly bytes: { readonly down: number; readonly up: number };
}

/** The conversation of one iteration. */
export class Exchange {
  readonly #channel: HubChannel;
  readonly #membership: Membership;
  readonly #reception: Reception;
  readonly #timeoutMs: number;

  constructor(channel: HubChannel, membership: Membership, reception: Reception, timeoutSeconds: number) {
    this.#channel = channel;
    this.#membership = membership;
    this.#reception = reception;
    this.#timeoutMs = timeoutSeconds * 1000;
  }

  /**
   * Everybody's answers, in the order of the assignments; null as soon as one site is lost: the others need not be waited for, since they answer the
   * same work with the same feedback. Throws NotFiniteError, HubReplacedError and what waiting for a site does not help against.
   */
  async all(assignments: readonly Assignment[], signal: AbortSignal): Promise<Answer[] | null> {
    const over = new AbortController();
    const abandoned = new Error('another site was lost');
    const abort = () => over.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => over.abort(new DOMException('no answer in time', 'TimeoutError')), this.#timeoutMs);
    try {
      const answers = await Promise.all(
        assignments.map((assignment) =>
          this.#one(assignment, over.signal).catch((error: unknown) => {
            signal.throwIfAborted();
            if (error !== abandoned) this.#reception.failed(assignment.site, error);
            over.abort(abandoned);
            return null;
          }),
        ),
      );
      return answers.every((answer) => answer !== null) ? answers : null;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      over.abort(abandoned);
    }
  }

  async #one({ site, work }: Assignment, signal: AbortSignal): Promise<Answer> {
    const before = this.#channel.traffic(site);
    const feedback = await this.#channel.exchange(site, work, signal).catch((error: unknown) => {
      throw meaningOf(error) === 'Diverged' ? new NotFiniteError(work.iteration, site, error) : error;
    });
    this.#membership.answered(site);
    if (feedback.snapshotTaken) this.#membership.kept(site, work.iteration + 1);
    const { down, up } = this.#channel.traffic(site);
    return { site, feedback, bytes: { down: down.bytes - before.down.bytes, up: up.bytes - before.up.bytes } };
  }
}
