import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WireClosedError } from '../errors.ts';
import { type Address, HUB, type Letter, type Link, type Receiver } from '../link.ts';
import { Answers } from './answers.ts';
import { Asks, type Post } from './asks.ts';
import { type NatsServer, openConnection } from './connect.ts';
import { Line, type NatsStatus } from './line.ts';
import { NO_LETTER, type Packet, type PacketKind } from './packet.ts';
import {
  hubSubscriptions,
  type LineName,
  noticeRoute,
  type Route,
  routeToHub,
  routeToSite,
  siteOf,
  siteSubscriptions,
} from './subjects.ts';
import { DEFAULT_TIMING, type LinkTiming } from './timing.ts';

export interface NatsLinkOptions extends NatsServer {
  /** name of the run, [a-z0-9-] */
  readonly run: string;
  /** the largest envelope that the experiment needs; the server's max_payload is held against it. Default: a part of a segmenter's weights */
  readonly largestMessageBytes?: number;
  /** told of what happens to the connections. Nothing has to be done about it: they come back by themselves */
  readonly onStatus?: (status: NatsStatus) => void;
  readonly timing?: Partial<LinkTiming>;
  /** jitter of reconnects, in [0, 1). Default Math.random */
  readonly random?: () => number;
}

/** 4 MiB of float32 values, a header and the description of the segmenter beside them. */
const PART_BYTES = 4.5 * 2 ** 20;

/** How long a closing link waits for answers that are being made. */
const LAST_ANSWERS_MS = 500;

const LINES: readonly LineName[] = ['ctl', 'data'];

/** What differs between the hub's link and a site's. */
interface Role {
  readonly name: string;
  readonly peers: readonly string[];
  readonly subscriptions: Record<LineName, readonly string[]>;
  route(to: Address, bytes: number): Route;
  /** Whom a message on this subject comes from, null to ignore it. The subject alone says so: credentials bind it to the site. */
  sender(subject: string, subscription: string): string | null;
}

/** The hub's link to the sites of the experiment. Throws the errors of `openConnection`, and NatsAuthError for credentials of another role. */
export function natsHubLink(options: NatsLinkOptions & { readonly sites: readonly string[] }, signal: AbortSignal): Promise<Link> {
  const { run, sites } = options;
  const subscriptions = hubSubscriptions(run, sites);
  const [strangers] = subscriptions.ctl;
  return openLink(options, signal, {
    name: 'hub',
    peers: sites,
    subscriptions,
    route: (to, bytes) => routeToSite(run, to, bytes),
    sender: (subject, subscription) => {
      const site = siteOf(subject);
      return subscription === strangers && sites.includes(site) ? null : site; // it comes by its own subscription, too
    },
  });
}

/** A site's link to the hub. Throws as `natsHubLink` does. */
export function natsSiteLink(options: NatsLinkOptions & { readonly site: string }, signal: AbortSignal): Promise<Link> {
  const { run, site } = options;
  return openLink(options, signal, {
    name: site,
    peers: [HUB],
    subscriptions: siteSubscriptions(run, site),
    route: (to, bytes) => routeToHub(run, site, to, bytes),
    sender: () => HUB,
  });
}

async function openLink(options: NatsLinkOptions, signal: AbortSignal, role: Role): Promise<Link> {
  const link = new NatsLink(options, role);
  const results = await Promise.allSettled(LINES.map((line) => link.connect(line, signal)));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return link;
  await link.close();
  throw failed.reason;
}

class NatsLink implements Link {
  readonly #options: NatsLinkOptions;
  readonly #role: Role;
  readonly #lines = new Map<LineName, Line>();
  readonly #asks: Asks;
  readonly #answers: Answers;
  #closing: Promise<void> | null = null;

  constructor(options: NatsLinkOptions, role: Role) {
    this.#options = options;
    this.#role = role;
    const post: Post = async (line, subject, packet, answer) => this.#lines.get(line)?.publish(subject, packet, answer) ?? false;
    this.#asks = new Asks(randomBytes(9).toString('hex'), post, { ...DEFAULT_TIMING, ...options.timing });
    this.#answers = new Answers(post);
  }

  async connect(name: LineName, signal: AbortSignal): Promise<void> {
    const { run, largestMessageBytes = PART_BYTES, timing, random = Math.random, onStatus = () => {} } = this.#options;
    const connecting = {
      ...{ name: `asyndgan-${run}-${this.#role.name}`, line: name, largestMessageBytes, random },
      timing: { ...DEFAULT_TIMING, ...timing },
    };
    const opened = await openConnection(this.#options, connecting, signal);
    const line = new Line(name, opened, largestMessageBytes, {
      packet: (subject, packet, subscription) => this.#take(name, subject, packet, subscription),
      absent: (answer) => this.#asks.absent(answer),
      back: () => this.#return(name),
      refused: (subject, reason) => this.#asks.refuse(subject, reason),
      status: onStatus,
    });
    this.#lines.set(name, line);
    await line.subscribe(this.#role.subscriptions[name]);
  }

  request(to: Address, letter: Letter, signal: AbortSignal): Promise<Letter> {
    if (this.#closing !== null) return Promise.reject(this.#closed());
    return this.#asks.ask(to.peer, this.#role.route(to, letter.bytes.length), letter, signal);
  }

  receive(receiver: Receiver): void {
    this.#answers.receive(receiver);
    for (const line of LINES) this.#tell('back', line);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#asks.close(this.#closed());
    await Promise.race([this.#answers.settled(), sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
    this.#tell('bye', 'ctl');
    await Promise.all([...this.#lines.values()].map((line) => line.close()));
  }

  #take(line: LineName, subject: string, packet: Packet, subscription: string): void {
    const peer = this.#role.sender(subject, subscription);
    if (peer === null) return;
    if (packet.kind === 'request' || packet.kind === 'probe') this.#answers.heard(peer, line, subject, packet);
    else if (packet.kind === 'back') this.#asks.stir(line, peer);
    else if (packet.kind === 'bye') this.#asks.end(peer);
    else this.#asks.heard(peer, line, packet);
  }

  /** What was on its way to us while the line was down is lost, and what we had sent may be: both ends ask again. */
  #return(line: LineName): void {
    this.#asks.stir(line);
    this.#tell('back', line);
  }

  #tell(kind: PacketKind, line: LineName): void {
    for (const peer of this.#role.peers) {
      const { subject } = noticeRoute(this.#options.run, peer === HUB ? this.#role.name : peer, peer, line);
      void this.#lines.get(line)?.publish(subject, { kind, id: '', attempt: 0, floor: 0, letter: NO_LETTER });
    }
  }

  #closed(): WireClosedError {
    return new WireClosedError(`${this.#role.name} has closed its channel`);
  }
}
