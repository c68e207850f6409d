import type { Carrier } from '#telemetry';
import type { Conditions, Control, ControlReply, Feedback, Hello, ReplyTo, Welcome, Work } from './messages.ts';

/** What went over a channel so far, envelopes as they cross the network. */
export interface Traffic {
  /** hub -> site */
  readonly down: { readonly messages: number; readonly bytes: number };
  /** site -> hub */
  readonly up: { readonly messages: number; readonly bytes: number };
}

/** A message, and the context of the span in which its sender made it. */
export type Traced<M> = M & { readonly trace: Carrier };

/**
 * The hub's end. Every wait rejects with a WireError (code, retryable) or, when `signal` was aborted by hand, with its
 * reason; a signal of AbortSignal.timeout is a deadline and rejects with WireTimeoutError.
 */
export interface HubChannel {
  /** Answers every hello; what the handler throws goes back to the site as a RemoteError. */
  onJoin(handler: (hello: Hello) => Promise<Welcome>): void;
  /** Hears the heartbeats of sites that have joined; `leaving`: the site's last word. */
  onHeartbeat(handler: (site: string, leaving: boolean) => void): void;
  /** The site must join again: what waits for it is rejected with WireUnreachableError, and its next heartbeat is told so. */
  forget(site: string): void;
  /** Receives the complete label maps of a site; a second set replaces the first. */
  onConditions(handler: (site: string, conditions: Conditions) => Promise<void>): void;
  /** One training step at a site. One may be in flight per site (WireBusyError). Sending the same work again is safe. The fakes must not change before it settles. */
  exchange(site: string, work: Work, signal: AbortSignal): Promise<Traced<Feedback>>;
  control<C extends Control>(site: string, message: C, signal: AbortSignal): Promise<ReplyTo<C>>;
  traffic(site: string): Traffic;
  /** Aborted, with a WireClosedError, by `close`. */
  readonly closed: AbortSignal;
  /** Idempotent; what waits is rejected with WireClosedError. */
  close(): Promise<void>;
}

/** What a site does with the hub's messages. Called one at a time. */
export interface SiteHandlers {
  /** Called once per work: a work sent again gets the feedback of the first call. */
  work(work: Work): Promise<Feedback>;
  control(message: Control): Promise<ControlReply>;
}

/** A site's end. Call `serve`, then `join`: the hub may send work as soon as it has said welcome. */
export interface SiteChannel {
  serve(handlers: SiteHandlers): void;
  join(hello: Hello, signal: AbortSignal): Promise<Welcome>;
  /** Says that this site is there, or with `leaving` that it goes. 'rejoin': the hub does not know it and wants a hello. */
  heartbeat(leaving: boolean, signal: AbortSignal): Promise<'known' | 'rejoin'>;
  sendConditions(conditions: Conditions, signal: AbortSignal): Promise<void>;
  traffic(): Traffic;
  /** Aborted, with a WireClosedError, by `close`. */
  readonly closed: AbortSignal;
  /** Idempotent; what waits at the hub for this site is rejected with WireClosedError. */
  close(): Promise<void>;
}
