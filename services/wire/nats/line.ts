import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection, PermissionViolationError, Status } from '@nats-io/nats-core';
import { NatsAuthError } from '../errors.ts';
import type { Backoff } from './backoff.ts';
import { payloadProblem } from './connect.ts';
import { type Packet, packetHeaders, readPacket } from './packet.ts';
import type { LineName } from './subjects.ts';

/** What happened to one of the two connections, for logs and metrics. */
export interface NatsStatus {
  readonly line: LineName;
  readonly event: 'disconnected' | 'reconnected' | 'refused' | 'failed';
  readonly detail: string;
}

export interface LineListener {
  /** subscription: the one of ours that it came by */
  packet(subject: string, packet: Packet, subscription: string): void;
  /** Nobody listens to the request that was to be answered here. */
  absent(answer: string): void;
  back(): void;
  refused(subject: string, reason: NatsAuthError): void;
  status(status: NatsStatus): void;
}

const CLOSING_MS = 1000;
const NO_RESPONDERS = 503;

/** One connection: publishes packets with backpressure, and says when it was away. */
export class Line {
  readonly name: LineName;
  readonly #connection: NatsConnection;
  readonly #backoff: Backoff;
  readonly #largest: number;
  readonly #listener: LineListener;
  /** refused subscriptions, which nats.js gives up: other credentials may allow them */
  readonly #unheard = new Set<string>();
  #connected = true;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    name: LineName,
    { connection, backoff }: { connection: NatsConnection; backoff: Backoff },
    largestMessageBytes: number,
    listener: LineListener,
  ) {
    this.name = name;
    this.#connection = connection;
    this.#backoff = backoff;
    this.#largest = largestMessageBytes;
    this.#listener = listener;
    void this.#follow();
  }

  /** Throws NatsAuthError where the credentials do not allow a subject. */
  async subscribe(subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) this.#listen(subject);
    await this.#connection.flush();
    if (this.#unheard.size > 0) throw forbidden(`listen to ${[...this.#unheard].join(', ')}`);
  }

  /**
   * Resolves when the server has the packet (true; also when the connection broke meanwhile), or at once when the line is down (false). Data
   * go one after the other: what nats.js has not written yet, it keeps without a limit.
   * Throws NatsLimitError for a packet that the server does not take.
   */
  publish(subject: string, packet: Packet, answer?: string): Promise<boolean> {
    if (this.name === 'ctl') return this.#publish(subject, packet, answer);
    const turn = this.#tail.then(() => this.#publish(subject, packet, answer));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    if (this.#connected) await Promise.race([this.#connection.flush().catch(() => {}), sleep(CLOSING_MS, undefined, { ref: false })]);
    await this.#connection.close();
  }

  async #publish(subject: string, packet: Packet, answer: string | undefined): Promise<boolean> {
    if (!this.#connected || this.#connection.isClosed()) return false;
    const problem = payloadProblem(this.#connection.info?.max_payload, packet.letter.bytes.length);
    if (problem) throw problem;
    this.#connection.publish(subject, packet.letter.bytes, {
      headers: packetHeaders(packet),
      ...(answer !== undefined && { reply: answer }),
    });
    await this.#connection.flush().catch(() => {}); // broken: whoever waits for it asks again when the line is back
    return true;
  }

  #listen(subject: string): void {
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.#unheard.add(subject);
        else this.#read(message, subject);
      },
    });
  }

  #read(message: Msg, subscription: string): void {
    if (message.headers?.code === NO_RESPONDERS) this.#listener.absent(message.subject);
    const packet = readPacket(message);
    if (packet) this.#listener.packet(message.subject, packet, subscription);
  }

  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) this.#note(status);
  }

  #note(status: Status): void {
    const say = (event: NatsStatus['event'], detail: string) => this.#listener.status({ line: this.name, event, detail });
    if (status.type === 'reconnecting') this.#backoff.next();
    else if (status.type === 'disconnect') {
      this.#connected = false;
      say('disconnected', status.server);
    } else if (status.type === 'reconnect') this.#return(status.server, say);
    else if (status.type === 'error') this.#complain(status.error, say);
  }

  #return(server: string, say: (event: NatsStatus['event'], detail: string) => void): void {
    this.#connected = true;
    this.#backoff.reset();
    say('reconnected', server);
    const problem = payloadProblem(this.#connection.info?.max_payload, this.#largest);
    if (problem) say('failed', problem.message);
    for (const subject of this.#unheard) this.#listen(subject);
    this.#unheard.clear();
    this.#listener.back();
  }

  #complain(error: Error, say: (event: NatsStatus['event'], detail: string) => void): void {
    say(error.name === 'AuthorizationError' || error.name === 'PermissionViolationError' ? 'refused' : 'failed', error.message);
    const { operation, subject } = error as Partial<PermissionViolationError>;
    if (operation === 'publish' && subject !== undefined) this.#listener.refused(subject, forbidden(`publish to ${subject}`));
  }
}

function forbidden(what: string): NatsAuthError {
  return new NatsAuthError(`the NATS credentials do not allow to ${what}: they belong to another site, run or role`);
}
