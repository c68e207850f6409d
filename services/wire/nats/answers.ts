import type { Letter, Receiver } from '../link.ts';
import type { Post } from './asks.ts';
import { NO_LETTER, type Packet, type PacketKind } from './packet.ts';
import { answerSubject, type LineName } from './subjects.ts';

/** Answers kept for one asker that may have lost them, at most; it has rarely more than one request open. */
const KEPT: Record<LineName, number> = { ctl: 16, data: 4 };

/** Requests of one peer and line that are worked on at once; what comes beyond is as if lost, and is asked again. */
const MOST_AT_WORK = 8;

/** Lives of one peer (it is started anew) that are told apart. */
const MOST_SESSIONS = 2;

/** Peers at most, so that made-up names take no memory. */
const MOST_PEERS = 4096;

/** One request. */
interface Entry {
  readonly id: string;
  readonly number: number;
  readonly line: LineName;
  readonly subject: string;
  /** the newest that was heard, for the echo */
  attempt: number;
  answer: Letter | null;
  sending: boolean;
}

/** What one life of a peer has asked lately. */
interface Session {
  readonly entries: Map<number, Entry>;
  /** requests below this number are done with: one that turns up is a late copy */
  floor: number;
}

/** One peer on one line. */
interface Asker {
  readonly sessions: Map<string, Session>;
  atWork: number;
}

/**
 * Answers every request once: a copy of one that is at work waits for the same answer, a copy of an answered one gets the same answer again,
 * a late copy of an older one is dropped.
 */
export class Answers {
  readonly #post: Post;
  readonly #askers = new Map<string, Asker>();
  readonly #atWork = new Set<Promise<void>>();
  #receiver: Receiver | null = null;

  constructor(post: Post) {
    this.#post = post;
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** A request or probe of a peer, on one of its own subjects. */
  heard(peer: string, line: LineName, subject: string, packet: Packet): void {
    const asker = this.#asker(`${line} ${peer}`);
    if (!asker) return;
    const [life = '', digits] = packet.id.split('-');
    const number = Number(digits);
    const session = sessionOf(asker, life);
    const known = session.entries.get(number);
    const entry = known ?? { id: packet.id, number, line, subject, attempt: 0, answer: null, sending: false };
    entry.attempt = packet.attempt;
    raiseFloor(session, Math.min(packet.floor, number));
    if (known) this.#again(known);
    else if (number >= session.floor && packet.kind === 'probe') this.#say('unknown', entry);
    else if (number >= session.floor) this.#begin(peer, asker, session, entry, packet.letter);
  }

  /** Resolves when all that is at work is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#atWork);
  }

  #begin(peer: string, asker: Asker, session: Session, entry: Entry, letter: Letter): void {
    if (!this.#receiver || asker.atWork >= MOST_AT_WORK) return;
    session.entries.set(entry.number, entry);
    asker.atWork++;
    const work = this.#receiver(peer, letter).then((answer) => {
      asker.atWork--;
      entry.answer = answer;
      prune(session, KEPT[entry.line]);
      return this.#send(entry, answer);
    });
    this.#atWork.add(work);
    work.finally(() => this.#atWork.delete(work)).catch(() => {}); // a receiver never rejects
  }

  #again(entry: Entry): void {
    if (!entry.answer) this.#say('working', entry);
    else if (!entry.sending) void this.#send(entry, entry.answer);
  }

  /** An answer that is lost on the way is sent again when the asker probes. */
  async #send(entry: Entry, letter: Letter): Promise<void> {
    entry.sending = true;
    try {
      await this.#post(entry.line, answerSubject(entry.subject), packetOf('answer', entry, letter));
    } catch {
      this.#say('oversize', entry);
    }
    entry.sending = false;
  }

  #say(kind: PacketKind, entry: Entry): void {
    this.#post(entry.line, answerSubject(entry.subject), packetOf(kind, entry, NO_LETTER)).catch(() => {});
  }

  #asker(name: string): Asker | undefined {
    const known = this.#askers.get(name);
    if (known || this.#askers.size >= MOST_PEERS) return known;
    const asker = { sessions: new Map(), atWork: 0 };
    this.#askers.set(name, asker);
    return asker;
  }
}

function sessionOf({ sessions }: Asker, life: string): Session {
  const session = sessions.get(life) ?? { entries: new Map(), floor: 0 };
  sessions.set(life, session);
  if (sessions.size > MOST_SESSIONS) sessions.delete(sessions.keys().next().value ?? life);
  return session;
}

function packetOf(kind: PacketKind, { id, attempt }: Entry, letter: Letter): Packet {
  return { kind, id, attempt, floor: 0, letter };
}

/** Forgets the answers of all requests below. */
function raiseFloor(session: Session, floor: number): void {
  session.floor = Math.max(session.floor, floor);
  for (const { number, answer } of session.entries.values()) if (answer && number < session.floor) session.entries.delete(number);
}

/** Keeps the newest answers only, of an asker that has more requests open. */
function prune(session: Session, kept: number): void {
  const answered = [...session.entries.values()].filter(({ answer }) => answer).map(({ number }) => number);
  const oldestKept = answered.toSorted((a, b) => b - a)[kept - 1];
  if (oldestKept !== undefined) raiseFloor(session, oldestKept);
}
