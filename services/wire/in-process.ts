import { setImmediate } from 'node:timers/promises';
import type { HubChannel, SiteChannel } from './channel.ts';
import { type EndOptions, hubChannel, siteChannel } from './ends.ts';
import { WireClosedError, WireUnreachableError, WireUsageError } from './errors.ts';
import { type Address, HUB, type Letter, type Link, type Receiver } from './link.ts';
import { Waits } from './waits.ts';

/** `shareErrorMessages` is true here by default: both ends belong to one user. */
export type InProcessOptions = EndOptions;

export interface InProcessFederation {
  readonly hub: HubChannel;
  /** The channel of a hub that is started anew, once the last one's is closed. */
  newHub(): HubChannel;
  /** The channel of a site, also of one that is started anew. */
  site(name: string): SiteChannel;
}

/**
 * Hub and sites in one process. Messages are encoded to the bytes that a network would carry and decoded again, so results,
 * quantisation and traffic are those of any other channel.
 *
 * @example
 * const { hub, site } = inProcessFederation({ run: 'demo' });
 * hub.onJoin(async (hello) => welcome);
 * const a = site('hospital-a');
 * a.serve({ work, control });
 * await a.join(hello, signal);
 * const feedback = await hub.exchange('hospital-a', work, AbortSignal.timeout(60_000));
 */
export function inProcessFederation(options: InProcessOptions): InProcessFederation {
  const connect = inProcessNetwork();
  const ends = { shareErrorMessages: true, ...options };
  const newHub = () => hubChannel(connect(HUB), ends);
  return { hub: newHub(), newHub, site: (name) => siteChannel(connect(name), name, ends) };
}

/** Links by name. A name can be taken again when its link is closed: a process that was started anew. */
export function inProcessNetwork(): (name: string) => Link {
  const links = new Map<string, InProcessLink>();
  return (name) => {
    if (links.has(name)) throw new WireUsageError(`${name} is connected already: close its channel first`);
    const link = new InProcessLink(name, links);
    links.set(name, link);
    return link;
  };
}

class InProcessLink implements Link {
  readonly #name: string;
  readonly #links: Map<string, InProcessLink>;
  readonly #waits = new Waits();
  #receiver: Receiver | null = null;

  constructor(name: string, links: Map<string, InProcessLink>) {
    this.#name = name;
    this.#links = links;
  }

  async request({ peer }: Address, letter: Letter, signal: AbortSignal): Promise<Letter> {
    if (this.#links.get(this.#name) !== this) throw this.#closed();
    const target = this.#links.get(peer);
    if (!target) throw new WireUnreachableError(`${peer} is not connected`);
    return this.#waits.wait((ended) => target.#waits.wait(() => target.#deliver(this.#name, letter), ended), signal);
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  async close(): Promise<void> {
    if (this.#links.get(this.#name) === this) this.#links.delete(this.#name);
    this.#waits.endAll(this.#closed());
  }

  /** Later than now, as over a network: timers and signals get their turn between any two messages. */
  async #deliver(from: string, letter: Letter): Promise<Letter> {
    await setImmediate();
    if (!this.#receiver || this.#links.get(this.#name) !== this) throw this.#closed();
    return this.#receiver(from, letter);
  }

  #closed(): WireClosedError {
    return new WireClosedError(`${this.#name} has closed its channel`);
  }
}
