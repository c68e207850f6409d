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

/** Answers a request from a peer, whose name the link vouches for. Never rejects: failures are answered as error messages. */
export type Receiver = (peer: string, bytes: Uint8Array) => Promise<Uint8Array>;

/** Carries whole envelopes, unread, between the hub and the sites. All that differs between one process and a network is behind it. */
export interface Link {
  /**
   * The peer's answer. Rejects with the signal's reason when it aborts, WireUnreachableError when the peer is not connected,
   * WireClosedError when either end closes. An answer that comes later is dropped. The bytes must not change after the call.
   */
  request(to: Address, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  receive(receiver: Receiver): void;
  /** Idempotent. */
  close(): Promise<void>;
}
