import type { SiteChannel, SiteHandlers, Traffic } from './channel.ts';
import { roundingRandom } from './codecs/rounding.ts';
import { conditionsDrafts } from './conditions.ts';
import { ControlAssembly, replyDraft } from './control.ts';
import { Correspondence, type EndSettings, isOf } from './correspondence.ts';
import type { Draft, Envelope } from './envelope.ts';
import {
  RemoteError,
  WireBusyError,
  WireClosedError,
  WireEpochError,
  WireMismatchError,
  WireRejoinError,
  WireUnreachableError,
  WireUsageError,
} from './errors.ts';
import { HUB, type Link } from './link.ts';
import { helloDraft, readWelcome } from './membership.ts';
import type { Conditions, Hello, Welcome } from './messages.ts';
import { feedbackDraft, readWork } from './training.ts';

/** Requests that a site keeps at most, the one that it works on included: a hub that sends more does not keep to the protocol. */
const QUEUE = 4;

interface Membership {
  readonly hello: Hello;
  readonly welcome: Welcome;
}

/** A site's end of a channel over any link. */
export class SiteEnd implements SiteChannel {
  readonly #link: Link;
  readonly #settings: EndSettings;
  readonly #site: string;
  readonly #letters: Correspondence;
  #control: ControlAssembly;
  #handlers: SiteHandlers | null = null;
  #membership: Promise<Membership> | null = null;
  #epoch = 0;
  readonly #closing = new AbortController();
  #queued = 0;
  #tail: Promise<unknown> = Promise.resolve();
  /** The newest work and its answer, for a hub that asks again because the answer was lost. */
  #newest: { work: string; answer: Promise<Uint8Array> } | null = null;

  constructor(link: Link, settings: EndSettings, site: string) {
    this.#link = link;
    this.#settings = settings;
    this.#site = site;
    this.#letters = new Correspondence(link, settings, site, HUB);
    this.#control = new ControlAssembly(settings.limits);
    link.receive((_hub, letter) =>
      this.#letters.answer(
        letter,
        () => this.#epoch,
        (envelope) => this.#respond(envelope),
      ),
    );
  }

  serve(handlers: SiteHandlers): void {
    this.#handlers = handlers;
  }

  async join(hello: Hello, signal: AbortSignal): Promise<Welcome> {
    if (hello.site !== this.#site) throw new WireMismatchError('site', hello.site, this.#site);
    const joining = this.#join(hello, signal);
    this.#membership = joining;
    try {
      return (await joining).welcome;
    } catch (error) {
      if (this.#membership === joining) this.#membership = null;
      throw error;
    }
  }

  async heartbeat(leaving: boolean, signal: AbortSignal): Promise<'known' | 'rejoin'> {
    const { hubEpoch } = (await this.#joined('heartbeat')).welcome;
    try {
      await this.#letters.ask({ fields: { type: 'heartbeat', leaving }, sections: [] }, hubEpoch, 'ack', signal);
      return 'known';
    } catch (error) {
      if (error instanceof RemoteError && error.remoteCode === WireRejoinError.code) return 'rejoin';
      throw error;
    }
  }

  async sendConditions(conditions: Conditions, signal: AbortSignal): Promise<void> {
    const { hubEpoch } = (await this.#joined('sendConditions')).welcome;
    for (const draft of conditionsDrafts(conditions)) await this.#letters.ask(draft, hubEpoch, 'ack', signal);
  }

  traffic(): Traffic {
    return this.#letters.traffic();
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async close(): Promise<void> {
    const reason = new WireClosedError(`site ${this.#site} has closed its channel`);
    this.#closing.abort(reason);
    this.#letters.interrupt(reason);
    await this.#link.close();
  }

  async #joined(what: string): Promise<Membership> {
    if (!this.#membership) throw new WireUsageError(`${what} before join: join first`);
    return this.#membership;
  }

  async #join(hello: Hello, signal: AbortSignal): Promise<Membership> {
    const { envelope } = await this.#letters.ask(helloDraft(hello), hello.hubEpoch, 'welcome', signal);
    const welcome = readWelcome(envelope, hello);
    this.#epoch = welcome.hubEpoch;
    this.#newest = null;
    this.#control = new ControlAssembly(this.#settings.limits);
    return { hello, welcome };
  }

  #respond(envelope: Envelope): Promise<Uint8Array> {
    if (isOf(envelope, 'work')) return this.#work(envelope);
    if (isOf(envelope, 'control')) return this.#inTurn(envelope, (handlers) => this.#obey(envelope, handlers));
    throw new WireMismatchError('a site with type', envelope.header.type, 'work or control');
  }

  /** A discriminator must not step twice for one work: the same work again gets the same answer. */
  #work(envelope: Envelope<'work'>): Promise<Uint8Array> {
    const work = identity(envelope);
    if (this.#newest?.work === work) return this.#newest.answer;
    const answer = this.#inTurn(envelope, (handlers, membership) => this.#step(envelope, handlers, membership));
    const previous = this.#newest;
    const newest = { work, answer };
    this.#newest = newest;
    answer.catch(() => {
      if (this.#newest === newest) this.#newest = previous;
    });
    return answer;
  }

  async #step(envelope: Envelope<'work'>, handlers: SiteHandlers, { hello, welcome }: Membership): Promise<Uint8Array> {
    const work = readWork(envelope, welcome.codecs.images, hello.manifest.channels);
    const feedback = await handlers.work(work);
    const random = roundingRandom(`${this.#settings.run}/${this.#site}/${work.iteration}/${work.generatorVersion}`);
    return this.#seal(feedbackDraft(feedback, welcome.codecs.feedback, random), envelope);
  }

  async #obey(envelope: Envelope<'control'>, handlers: SiteHandlers): Promise<Uint8Array> {
    const control = this.#control.add(envelope);
    if (!control) return this.#seal({ fields: { type: 'ack' }, sections: [] }, envelope);
    if (control.kind === 'restore') this.#newest = null;
    return this.#seal(replyDraft(await handlers.control(control)), envelope);
  }

  /** Runs `respond` when all earlier requests are answered. Throws WireEpochError where the hub is not the one that the site has joined. */
  async #inTurn(
    { header }: Envelope,
    respond: (handlers: SiteHandlers, membership: Membership) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    if (this.#queued >= QUEUE) throw new WireBusyError(this.#site, 'iteration' in header ? header.iteration : 0);
    this.#queued++;
    const joined = this.#membership;
    const answer = this.#tail.then(async () => {
      const membership = await joined;
      if (!membership || !this.#handlers) throw new WireUnreachableError(`site ${this.#site} has not joined yet`);
      if (joined !== this.#membership) throw new WireUnreachableError(`site ${this.#site} has joined again since: ask again`);
      if (header.epoch !== membership.welcome.hubEpoch) throw new WireEpochError(header.epoch, membership.welcome.hubEpoch);
      return respond(this.#handlers, membership);
    });
    this.#tail = answer.catch(() => {}).finally(() => this.#queued--);
    return answer;
  }

  #seal(draft: Draft, { header }: Envelope): Uint8Array {
    return this.#letters.seal(draft, header.epoch);
  }
}

/** Two works with the same identity are the same work: same hub, iteration, generator and bytes. */
function identity({ header }: Envelope<'work'>): string {
  return JSON.stringify([header.epoch, header.iteration, header.generatorVersion, header.snapshot, header.conditions, header.tensors]);
}
