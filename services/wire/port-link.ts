import type { MessagePort } from 'node:worker_threads';
import { NatsAuthError, NatsLimitError, WireClosedError, type WireError, WireUnreachableError, WireUsageError } from './errors.ts';
import type { Address, Letter, Link, Receiver } from './link.ts';
import { Waits } from './waits.ts';

/*
 * A link over a MessagePort. Training blocks its thread, so the network lives in another one: that calls `servePort` with the link that it
 * has, the training thread calls `portLink`. Either may be first.
 */

type PortMessage =
  | { readonly type: 'request'; readonly id: number; readonly to: Address; readonly letter: Letter }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'delivery'; readonly id: number; readonly peer: string; readonly letter: Letter }
  /** of a request or a delivery: ids of the two do not meet, they travel in opposite directions */
  | { readonly type: 'answer'; readonly id: number; readonly letter: Letter }
  | { readonly type: 'failure'; readonly id: number; readonly error: PlainError }
  | { readonly type: 'close' };

interface PlainError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  readonly retryable: boolean;
}

/** What a link rejects with; of other errors only the fields cross. */
const LINK_ERRORS = [WireUnreachableError, WireClosedError, WireUsageError, NatsAuthError, NatsLimitError];

/** The training thread's end: behaves as the link that the other thread serves. Closing it closes that one. */
export function portLink(port: MessagePort): Link {
  return new PortLink(port);
}

/** Serves a link to the thread at the other end of the port. Resolves when either end is closed; the link is closed then, too. */
export async function servePort(link: Link, port: MessagePort): Promise<void> {
  const requests = new Map<number, AbortController>();
  const deliveries = new Map<number, (answer: Letter) => void>();
  const ended = Promise.withResolvers<void>();
  let delivered = 0;

  const answer = async ({ id, to, letter }: Extract<PortMessage, { type: 'request' }>) => {
    const abort = new AbortController();
    requests.set(id, abort);
    try {
      post(port, { type: 'answer', id, letter: copied(await link.request(to, letter, abort.signal)) });
    } catch (error) {
      post(port, { type: 'failure', id, error: plain(error) });
    }
    requests.delete(id);
  };

  port.on('message', (message: PortMessage) => {
    if (message.type === 'request') void answer(message);
    else if (message.type === 'abort') requests.get(message.id)?.abort();
    else if (message.type === 'answer') deliveries.get(message.id)?.(message.letter);
    else if (message.type === 'close') ended.resolve();
  });
  port.once('close', ended.resolve);
  link.receive((peer, letter) => {
    const id = ++delivered;
    post(port, { type: 'delivery', id, peer, letter: owned(letter) });
    return new Promise((resolve) => deliveries.set(id, resolve)).finally(() => deliveries.delete(id)) as Promise<Letter>;
  });

  await ended.promise;
  for (const abort of requests.values()) abort.abort();
  await link.close();
  port.close();
}

class PortLink implements Link {
  readonly #port: MessagePort;
  readonly #waits = new Waits();
  readonly #open = new Map<number, PromiseWithResolvers<Letter>>();
  readonly #receiver = Promise.withResolvers<Receiver>();
  readonly #closed: Promise<void>;
  #closing = false;
  #asked = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    this.#closed = new Promise((resolve) => port.once('close', resolve)).then(() => this.#end());
    port.on('message', (message: PortMessage) => this.#take(message));
  }

  request(to: Address, letter: Letter, signal: AbortSignal): Promise<Letter> {
    if (this.#closing) return Promise.reject(closedError());
    return this.#waits.wait(async (ended) => {
      const id = ++this.#asked;
      const answer = Promise.withResolvers<Letter>();
      this.#open.set(id, answer);
      ended.addEventListener('abort', () => post(this.#port, { type: 'abort', id }), { once: true });
      post(this.#port, { type: 'request', id, to, letter: owned(letter) });
      return answer.promise.finally(() => this.#open.delete(id));
    }, signal);
  }

  receive(receiver: Receiver): void {
    this.#receiver.resolve(receiver);
  }

  async close(): Promise<void> {
    if (!this.#closing) post(this.#port, { type: 'close' });
    this.#end();
    await this.#closed;
  }

  #take(message: PortMessage): void {
    if (message.type === 'answer') this.#open.get(message.id)?.resolve(message.letter);
    else if (message.type === 'failure') this.#open.get(message.id)?.reject(revived(message.error));
    else if (message.type === 'delivery') void this.#answer(message);
  }

  async #answer({ id, peer, letter }: Extract<PortMessage, { type: 'delivery' }>): Promise<void> {
    const receive = await this.#receiver.promise;
    post(this.#port, { type: 'answer', id, letter: copied(await receive(peer, letter)) });
  }

  #end(): void {
    this.#closing = true;
    this.#waits.endAll(closedError());
  }
}

/** Letters in a message have bytes that are theirs alone: they are moved, not copied once more. */
function post(port: MessagePort, message: PortMessage): void {
  port.postMessage(message, 'letter' in message ? [message.letter.bytes.buffer as ArrayBuffer] : []);
}

/** A request's bytes are given away: they move, unless they share their buffer with others. */
function owned(letter: Letter): Letter {
  return letter.bytes.byteLength === letter.bytes.buffer.byteLength ? letter : copied(letter);
}

/** An answer's bytes stay with who made them. */
function copied({ bytes, trace }: Letter): Letter {
  return { bytes: new Uint8Array(bytes), trace };
}

function plain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', code: 'INTERNAL', message: String(error), exitCode: 1, retryable: false };
  const { name, message } = error;
  const { code = 'INTERNAL', exitCode = 1, retryable = false } = error as Partial<WireError>;
  return { name, code, message, exitCode, retryable };
}

function revived({ message, ...fields }: PlainError): Error {
  for (const LinkError of LINK_ERRORS) {
    const error = new LinkError(message);
    if (error.code === fields.code) return error;
  }
  return Object.assign(new Error(message), fields);
}

function closedError(): WireClosedError {
  return new WireClosedError('the channel is closed');
}
