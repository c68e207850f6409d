import { NatsLimitError, WireClosedError, WireUnreachableError } from '../errors.ts';
import type { Letter } from '../link.ts';
import { Waits } from '../waits.ts';
import { NO_LETTER, type Packet } from './packet.ts';
import type { LineName, Route } from './subjects.ts';
import type { LinkTiming } from './timing.ts';

/** Publishes a packet. False: not published, because the line is down. True: the server has it, or it was lost with the connection. */
export type Post = (line: LineName, subject: string, packet: Packet, answer?: string) => Promise<boolean>;

interface Ask {
  readonly number: number;
  readonly peer: string;
  readonly route: Route;
  readonly id: string;
  readonly letter: Letter;
  readonly answer: PromiseWithResolvers<Letter>;
  /** the attempt that carried the letter, 0 before */
  lettered: number;
  sending: boolean;
  /** something happened while it was being sent: go on at once */
  stirred: boolean;
  patience: number;
  timer: NodeJS.Timeout | undefined;
  /** since when the server says that nobody listens, ms */
  absentSince: number | null;
}

/**
 * The requests of one end that wait for their answers. Whatever is lost on the way is sent again: an ask whose letter has gone out is
 * probed (after a while, and at once when a line of either end is back), and its letter goes out again if the peer does not know it.
 *
 * One large letter per peer at a time: while it is unknown whether the last one has arrived, the next ask begins with a probe. Order is
 * kept on the way, so the answer to that probe tells; nothing piles up at the server in front of a peer that is slow or stopped.
 */
export class Asks {
  readonly #session: string;
  readonly #post: Post;
  readonly #timing: LinkTiming;
  readonly #now: () => number;
  readonly #waits = new Waits();
  readonly #open = new Map<string, Ask>();
  /** by peer: the attempt that carried the last large letter, until a later echo comes back */
  readonly #underway = new Map<string, number>();
  #asked = 0;
  #attempts = 0;

  /** session: names this process's life; two lives never share an id. */
  constructor(session: string, post: Post, timing: LinkTiming, now: () => number = Date.now) {
    this.#session = session;
    this.#post = post;
    this.#timing = timing;
    this.#now = now;
  }

  /** The peer's answer. Rejects with the signal's reason, WireUnreachableError, WireClosedError and what `refuse` is given. */
  ask(peer: string, route: Route, letter: Letter, signal: AbortSignal): Promise<Letter> {
    return this.#waits.wait(async (ended) => {
      const number = ++this.#asked;
      const ask: Ask = {
        ...{ number, peer, route, letter, id: `${this.#session}${route.line}-${number}`, answer: Promise.withResolvers() },
        ...{ lettered: 0, sending: false, stirred: false, patience: this.#timing.probe, timer: undefined, absentSince: null },
      };
      this.#open.set(ask.id, ask);
      ended.addEventListener('abort', () => this.#forget(ask), { once: true });
      this.#advance(ask);
      return ask.answer.promise.finally(() => this.#forget(ask));
    }, signal);
  }

  /** An answer, working or unknown from a peer. */
  heard(peer: string, line: LineName, { kind, id, attempt, letter }: Packet): void {
    if (line === 'data' && attempt >= (this.#underway.get(peer) ?? Infinity)) this.#underway.delete(peer);
    const ask = this.#open.get(id);
    if (ask?.peer !== peer) return;
    ask.absentSince = null;
    if (kind === 'answer') ask.answer.resolve(letter);
    else if (kind === 'oversize') ask.answer.reject(new NatsLimitError(`the answer of ${peer} is larger than its NATS server takes`));
    else if (kind === 'unknown' && attempt >= ask.lettered) {
      ask.lettered = 0;
      this.#advance(ask);
    }
  }

  /** The server says that nobody listens where these asks went. */
  absent(answer: string): void {
    for (const ask of this.#open.values()) {
      if (ask.route.answer !== answer) continue;
      this.#underway.delete(ask.peer);
      ask.absentSince ??= this.#now();
      if (this.#now() - ask.absentSince < this.#timing.absence) continue;
      const seconds = Math.round(this.#timing.absence / 1000);
      ask.answer.reject(
        new WireUnreachableError(`${ask.peer} has not been connected for ${seconds} s (nobody listens to ${ask.route.subject})`),
      );
    }
  }

  /** Nothing published on this subject will arrive. */
  refuse(subject: string, reason: Error): void {
    for (const ask of this.#open.values()) if (ask.route.subject === subject) ask.answer.reject(reason);
  }

  /** A line has come back, at this end or at one peer: what was on it may be lost. */
  stir(line: LineName, peer?: string): void {
    for (const ask of this.#open.values()) {
      if (ask.route.line !== line || (peer !== undefined && ask.peer !== peer)) continue;
      ask.patience = this.#timing.probe;
      this.#advance(ask);
    }
  }

  /** A peer has closed its channel. */
  end(peer: string): void {
    this.#underway.delete(peer);
    for (const ask of this.#open.values()) {
      if (ask.peer === peer) ask.answer.reject(new WireClosedError(`${peer} has closed its channel`));
    }
  }

  close(reason: Error): void {
    this.#waits.endAll(reason);
  }

  #advance(ask: Ask): void {
    if (ask.sending) ask.stirred = true;
    else this.#send(ask).catch(ask.answer.reject);
  }

  async #send(ask: Ask): Promise<void> {
    const { peer, route, id } = ask;
    const attempt = ++this.#attempts;
    const probes = ask.lettered > 0 || (route.line === 'data' && this.#underway.has(peer));
    if (!probes) ask.lettered = attempt;
    if (!probes && route.line === 'data') this.#underway.set(peer, attempt);
    ask.sending = true;
    ask.stirred = false;
    clearTimeout(ask.timer);
    const content: Pick<Packet, 'kind' | 'letter'> = probes
      ? { kind: 'probe', letter: NO_LETTER }
      : { kind: 'request', letter: ask.letter };
    const posted = await this.#post(route.line, route.subject, { id, attempt, floor: this.#floor(ask), ...content }, route.answer);
    ask.sending = false;
    if (!posted && ask.lettered === attempt) this.#takeBack(ask);
    if (!this.#open.has(id)) return;
    if (ask.stirred) this.#advance(ask);
    else this.#wait(ask);
  }

  /** The lowest number that is open for the same peer on the same line: numbers rise, so it is the first one in the map. */
  #floor({ peer, route, number }: Ask): number {
    for (const ask of this.#open.values()) if (ask.peer === peer && ask.route.line === route.line) return ask.number;
    return number;
  }

  #takeBack(ask: Ask): void {
    if (this.#underway.get(ask.peer) === ask.lettered) this.#underway.delete(ask.peer);
    ask.lettered = 0;
  }

  #wait(ask: Ask): void {
    ask.timer = setTimeout(() => this.#advance(ask), ask.patience);
    ask.patience = Math.min(2 * ask.patience, this.#timing.longestProbe);
  }

  #forget(ask: Ask): void {
    clearTimeout(ask.timer);
    this.#open.delete(ask.id);
  }
}
