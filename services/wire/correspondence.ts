import { type Carrier, NO_CARRIER, type Tracing } from '#telemetry';
import type { Traffic } from './channel.ts';
import { type Draft, type Envelope, openEnvelope, packEnvelope } from './envelope.ts';
import { WireEpochError, WireMismatchError, WireTimeoutError } from './errors.ts';
import { failureDraft, readFailure } from './failure.ts';
import type { MessageType } from './headers.ts';
import type { WireLimits } from './limits.ts';
import { HUB, type Letter, type Link } from './link.ts';
import type { ProtocolVersion } from './messages.ts';
import { destinationOf } from './subject-of.ts';
import { Waits } from './waits.ts';

/** What one end of a channel is told once. */
export interface EndSettings {
  readonly run: string;
  readonly protocol: ProtocolVersion;
  readonly limits: WireLimits;
  /** whether messages of this end's own errors travel, or their codes only */
  readonly shareErrorMessages: boolean;
  /** told of every request that this end answered with an error */
  readonly refused: (peer: string, error: unknown) => void;
  readonly tracing: Tracing;
}

/** An answer, and the context of the span in which it was made. */
export interface Reply<T extends MessageType> {
  readonly envelope: Envelope<T>;
  readonly trace: Carrier;
}

/** The messages between the hub and one site, as one of the two sees them: seals, sends, opens, checks and counts them. */
export class Correspondence {
  readonly #link: Link;
  readonly #settings: EndSettings;
  readonly #site: string;
  readonly #peer: string;
  readonly #waits = new Waits();
  readonly #sent = { messages: 0, bytes: 0 };
  readonly #received = { messages: 0, bytes: 0 };

  /** peer: who is at the other end, the site itself or HUB. */
  constructor(link: Link, settings: EndSettings, site: string, peer: string) {
    this.#link = link;
    this.#settings = settings;
    this.#site = site;
    this.#peer = peer;
  }

  /**
   * Sends a request and returns its answer, which must be of type `expected`. `epoch`: of this end; a welcome may bring another.
   * Throws RemoteError for an error answer, WireTimeoutError after a deadline, and what a bad answer deserves.
   */
  ask<T extends MessageType>(draft: Draft, epoch: number, expected: T, signal: AbortSignal): Promise<Reply<T>> {
    const { run, tracing } = this.#settings;
    const about = aboutOf(draft.fields);
    if (isRoutine(about.type)) return this.#ask(draft, epoch, expected, NO_CARRIER, signal);
    const { template, name } = destinationOf(run, this.#site, about);
    const attributes = { site: this.#site, messageType: about.type, iteration: about.iteration, epoch };
    return tracing.sendSpan(template, name, attributes, (carrier) => this.#ask(draft, epoch, expected, carrier, signal));
  }

  async #ask<T extends MessageType>(draft: Draft, epoch: number, expected: T, trace: Carrier, signal: AbortSignal): Promise<Reply<T>> {
    const { type, iteration } = aboutOf(draft.fields);
    const to = { peer: this.#peer, type, ...(iteration !== undefined && { iteration }) };
    const request = { bytes: count(this.#sent, this.seal(draft, epoch)), trace };
    const answer = await this.wait(`the ${type} sent to ${this.#peer}`, (ended) => this.#link.request(to, request, ended), signal);
    const envelope = this.#open(answer.bytes);
    if (isOf(envelope, 'error')) throw readFailure(envelope, this.#peer);
    if (!isOf(envelope, expected)) throw new WireMismatchError('a question with answer', envelope.header.type, expected);
    if (expected !== 'welcome' && envelope.header.epoch !== epoch) throw new WireEpochError(envelope.header.epoch, epoch);
    return { envelope, trace: answer.trace };
  }

  /** Answers a request by what `respond` makes of it; errors become error messages. Never rejects. */
  async answer(request: Letter, epoch: () => number, respond: (envelope: Envelope) => Promise<Uint8Array>): Promise<Letter> {
    const { tracing, run } = this.#settings;
    try {
      const envelope = this.#open(request.bytes);
      const { header } = envelope;
      const answered = async (trace: Carrier) => ({ bytes: count(this.#sent, await this.#answer(() => respond(envelope), epoch)), trace });
      if (isRoutine(header.type)) return await answered(NO_CARRIER);
      const { template, name } = destinationOf(run, this.#site, aboutOf(header));
      return await tracing.processSpan(template, name, request.trace, answered);
    } catch (error) {
      return { bytes: count(this.#sent, this.#refuse(error, epoch)), trace: NO_CARRIER };
    }
  }

  seal(draft: Draft, epoch: number): Uint8Array {
    const { protocol, run, limits } = this.#settings;
    return packEnvelope({ protocol, run, site: this.#site, epoch }, draft, limits);
  }

  /** Settles as `start` does, or rejects when interrupted, when `signal` aborts (its reason) or at its deadline (WireTimeoutError on `what`). */
  async wait<T>(what: string, start: (ended: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#waits.wait(start, signal);
    } catch (reason) {
      throw isDeadline(reason) ? new WireTimeoutError(what, { cause: reason }) : reason;
    }
  }

  /** Rejects all that waits. */
  interrupt(reason: Error): void {
    this.#waits.endAll(reason);
  }

  traffic(): Traffic {
    const [sent, received] = [{ ...this.#sent }, { ...this.#received }];
    return this.#peer === HUB ? { down: received, up: sent } : { down: sent, up: received };
  }

  async #answer(respond: () => Promise<Uint8Array>, epoch: () => number): Promise<Uint8Array> {
    try {
      return await respond();
    } catch (error) {
      this.#settings.tracing.failed(error);
      return this.#refuse(error, epoch);
    }
  }

  #refuse(error: unknown, epoch: () => number): Uint8Array {
    this.#settings.refused(this.#peer, error);
    return this.seal(failureDraft(error, this.#settings.shareErrorMessages), epoch());
  }

  #open(bytes: Uint8Array): Envelope {
    const { limits, protocol, run } = this.#settings;
    const envelope = openEnvelope(count(this.#received, bytes), limits, protocol);
    if (envelope.header.run !== run) throw new WireMismatchError('run', envelope.header.run, run);
    if (envelope.header.site !== this.#site) throw new WireMismatchError('site', envelope.header.site, this.#site);
    return envelope;
  }
}

/** Narrows an envelope to one type of message. */
export function isOf<T extends MessageType>(envelope: Envelope, type: T): envelope is Envelope<T> {
  return envelope.header.type === type;
}

/** Said every few seconds as long as the process lives: no span is worth it. */
const isRoutine = (type: MessageType): boolean => type === 'heartbeat';

function aboutOf(header: { readonly type: MessageType; readonly iteration?: number } | Draft['fields']): {
  type: MessageType;
  iteration?: number;
} {
  return { type: header.type, ...('iteration' in header && { iteration: header.iteration }) };
}

function count(counter: { messages: number; bytes: number }, message: Uint8Array): Uint8Array {
  counter.messages++;
  counter.bytes += message.length;
  return message;
}

/** AbortSignal.timeout aborts with a DOMException of this name; everything else was aborted by hand. */
function isDeadline(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
