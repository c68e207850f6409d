import type { HubChannel, Traced, Traffic } from './channel.ts';
import { ConditionsAssembly } from './conditions.ts';
import { controlParts, readReply } from './control.ts';
import { Correspondence, type EndSettings, isOf } from './correspondence.ts';
import type { Envelope } from './envelope.ts';
import {
  WireBusyError,
  WireClosedError,
  WireEpochError,
  WireMismatchError,
  WireRejoinError,
  WireUnreachableError,
  WireUsageError,
} from './errors.ts';
import type { Link } from './link.ts';
import { readHello, welcomeDraft } from './membership.ts';
import type { Conditions, Control, Feedback, Hello, ReplyTo, Welcome, Work } from './messages.ts';
import { readFeedback, workDraft } from './training.ts';

/** What the hub knows of a site between its hello and its next one. */
interface Member {
  readonly hello: Hello;
  readonly welcome: Welcome;
}

/** What the hub keeps for a site as long as the channel lives. */
interface Seat {
  readonly letters: Correspondence;
  member: Promise<Member> | null;
  assembly: ConditionsAssembly | null;
  /** iteration in flight */
  iteration: number | null;
}

/** The hub's end of a channel over any link. */
export class HubEnd implements HubChannel {
  readonly #link: Link;
  readonly #settings: EndSettings;
  readonly #seats = new Map<string, Seat>();
  #welcome: ((hello: Hello) => Promise<Welcome>) | null = null;
  #conditions: ((site: string, conditions: Conditions) => Promise<void>) | null = null;
  #heartbeat: ((site: string, leaving: boolean) => void) | null = null;
  readonly #closing = new AbortController();
  #epoch = 0;

  constructor(link: Link, settings: EndSettings) {
    this.#link = link;
    this.#settings = settings;
    link.receive((site, letter) => {
      const seat = this.#seat(site);
      return seat.letters.answer(
        letter,
        () => this.#epoch,
        (envelope) => this.#respond(site, seat, envelope),
      );
    });
  }

  onJoin(handler: (hello: Hello) => Promise<Welcome>): void {
    this.#welcome = handler;
  }

  onConditions(handler: (site: string, conditions: Conditions) => Promise<void>): void {
    this.#conditions = handler;
  }

  onHeartbeat(handler: (site: string, leaving: boolean) => void): void {
    this.#heartbeat = handler;
  }

  forget(site: string): void {
    const seat = this.#seat(site);
    seat.member = null;
    seat.assembly = null;
    seat.letters.interrupt(new WireUnreachableError(`site ${site} has to join again`));
  }

  async exchange(site: string, work: Work, signal: AbortSignal): Promise<Traced<Feedback>> {
    const seat = this.#seat(site);
    if (seat.iteration !== null) throw new WireBusyError(site, seat.iteration);
    seat.iteration = work.iteration;
    try {
      const { codecs, hubEpoch } = await this.#welcomed(site, signal);
      const { envelope, trace } = await seat.letters.ask(workDraft(work, codecs.images), hubEpoch, 'feedback', signal);
      return { ...readFeedback(envelope, work, codecs.feedback), trace };
    } finally {
      seat.iteration = null;
    }
  }

  async control<C extends Control>(site: string, message: C, signal: AbortSignal): Promise<ReplyTo<C>> {
    const { letters } = this.#seat(site);
    const { hubEpoch } = await this.#welcomed(site, signal);
    for (const { draft, last } of controlParts(message)) {
      if (last) return readReply((await letters.ask(draft, hubEpoch, 'reply', signal)).envelope, message);
      await letters.ask(draft, hubEpoch, 'ack', signal);
    }
    throw new WireUsageError('a control without a message');
  }

  traffic(site: string): Traffic {
    return this.#seat(site).letters.traffic();
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async close(): Promise<void> {
    const reason = new WireClosedError('the hub has closed its channel');
    this.#closing.abort(reason);
    for (const { letters } of this.#seats.values()) letters.interrupt(reason);
    await this.#link.close();
  }

  #respond(site: string, seat: Seat, envelope: Envelope): Promise<Uint8Array> {
    if (isOf(envelope, 'hello')) return this.#join(site, seat, envelope);
    if (isOf(envelope, 'conditions')) return this.#collect(site, seat, envelope);
    if (isOf(envelope, 'heartbeat')) return this.#hear(site, seat, envelope);
    throw new WireMismatchError('the hub with type', envelope.header.type, 'hello, conditions or heartbeat');
  }

  /** A hello means that the site has started anew: what it was asked before, it will not answer. */
  async #join(site: string, seat: Seat, envelope: Envelope<'hello'>): Promise<Uint8Array> {
    seat.letters.interrupt(new WireUnreachableError(`site ${site} has joined again and forgotten what it was asked: ask again`));
    const joining = this.#admit(readHello(envelope));
    seat.member = joining;
    seat.assembly = null;
    try {
      const { welcome } = await joining;
      this.#epoch = welcome.hubEpoch;
      return seat.letters.seal(welcomeDraft(welcome), welcome.hubEpoch);
    } catch (error) {
      if (seat.member === joining) seat.member = null;
      throw error;
    }
  }

  async #admit(hello: Hello): Promise<Member> {
    if (!this.#welcome) throw new WireUnreachableError('the hub is not ready for sites yet: join again');
    return { hello, welcome: await this.#welcome(hello) };
  }

  async #hear(site: string, seat: Seat, { header: { epoch, leaving } }: Envelope<'heartbeat'>): Promise<Uint8Array> {
    const member = await seat.member;
    if (member?.welcome.hubEpoch !== epoch) throw new WireRejoinError(site);
    this.#heartbeat?.(site, leaving);
    return seat.letters.seal({ fields: { type: 'ack' }, sections: [] }, epoch);
  }

  async #collect(site: string, seat: Seat, envelope: Envelope<'conditions'>): Promise<Uint8Array> {
    const { epoch, part } = envelope.header;
    const { hello, welcome } = await (seat.member ?? absent(site));
    if (epoch !== welcome.hubEpoch) throw new WireEpochError(epoch, welcome.hubEpoch);
    const assembly = part.index === 0 ? new ConditionsAssembly(hello.manifest, this.#settings.limits) : seat.assembly;
    seat.assembly = null;
    if (!assembly) throw new WireMismatchError('part of the conditions', part.index, 0);
    const complete = assembly.add(envelope);
    if (complete) await this.#conditions?.(site, complete);
    else seat.assembly = assembly;
    return seat.letters.seal({ fields: { type: 'ack' }, sections: [] }, epoch);
  }

  async #welcomed(site: string, signal: AbortSignal): Promise<Welcome> {
    const { member, letters } = this.#seat(site);
    return (await letters.wait(`the hello of site ${site}`, () => member ?? absent(site), signal)).welcome;
  }

  #seat(site: string): Seat {
    const known = this.#seats.get(site);
    if (known) return known;
    const letters = new Correspondence(this.#link, this.#settings, site, site);
    const seat: Seat = { letters, member: null, assembly: null, iteration: null };
    this.#seats.set(site, seat);
    return seat;
  }
}

async function absent(site: string): Promise<never> {
  throw new WireUnreachableError(`site ${site} has not joined: is it running, and is its name the one in the experiment?`);
}
