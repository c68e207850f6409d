import type { MessageType } from './headers.ts';

/** Where a request goes; a broker's link makes its subject from it. */
export interface Address {
  /** a site's name, or HUB */
  readonly peer: string;
  readonly type: MessageType;
  readonly iteration?: number;
}

/** The hub's name on a link. No site can have it: names of sites are lower case. */
export const HUB = 'HUB';

/** What a link carries: an envelope, unread, and the trace that it belongs to. */
export interface Letter {
  readonly bytes: Uint8Array;
  /** traceparent and tracestate, where there is a trace */
  readonly trace: Readonly<Record<string, string>>;
}

/** Answers a request from a peer, whose name the link vouches for. Never rejects: failures are answered as error messages. */
export type Receiver = (peer: string, letter: Letter) => Promise<Letter>;

/** Carries letters between the hub and the sites. All that differs between one process and a network is behind it. */
export interface Link {
  /**
   * The peer's answer. Rejects with the signal's reason when it aborts, WireUnreachableError when the peer is not connected,
   * WireClosedError when either end closes. An answer that comes later is dropped. The request's bytes are given away (their memory
   * may move to another thread); an answer's bytes stay with the receiver, which may give them again, and must not change.
   */
  request(to: Address, letter: Letter, signal: AbortSignal): Promise<Letter>;
  receive(receiver: Receiver): void;
  /** Idempotent. */
  close(): Promise<void>;
}
