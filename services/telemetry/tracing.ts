import type { Attributes } from './attributes.ts';
import { type Carrier, NO_CARRIER } from './carrier.ts';

/** Parts of an iteration that are worth a span and a duration of their own. */
export const PHASES = {
  conditions: 'the hub draws label maps and random numbers',
  forward: 'the generator makes the images',
  exchange: 'from the first message to the sites to the last answer',
  mixture: 'the gradients of the sites are weighed',
  update: 'the backward half and the step of the generator; linked to the answers that it uses',
  real: 'a site reads and augments real images',
  discriminator: 'the steps of the discriminator',
  feedback: 'the gradient with respect to the images',
  encode: 'tensors become bytes',
  decode: 'bytes become tensors',
  cut: 'hub or site keeps its state',
  restore: 'hub or site goes back to a kept state',
  synthesize: 'the generator makes the release',
  evaluate: 'the segmenter is trained or scored',
} as const;

export type Phase = keyof typeof PHASES;

/** The current span, for log lines. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/**
 * Spans around what a function does. All return what `run` returns, be it a promise or not, and end when it does; an error passes
 * through and leaves its code on the span. The span is the parent of those that start inside `run`.
 */
export interface Tracing {
  /** The root of a trace: one iteration at the hub. */
  iterationSpan<T>(iteration: number, run: () => T): T;
  /** A part of it. `linkTo`: carriers of the answers that this part makes use of. */
  phase<T>(name: Phase, run: () => T, linkTo?: readonly Carrier[]): T;
  /**
   * A request and the wait for its answer (PRODUCER). `template`: the subject with its variables in braces; `destination`: the subject.
   * `run` puts the carrier into the message.
   */
  sendSpan<T>(template: string, destination: string, attributes: Attributes, run: (carrier: Carrier) => T): T;
  /**
   * The handling of a request (CONSUMER). `incoming`: the carrier of the message, checked here; `run` puts its `reply` into the answer,
   * an error's as well.
   */
  processSpan<T>(template: string, destination: string, incoming: Carrier, run: (reply: Carrier) => T): T;
  /** Marks the current span as failed: for errors that are answered instead of thrown. */
  failed(error: unknown): void;
  /** The current span as a carrier, for another thread of this process. */
  carrier(): Carrier;
  /** Makes the span of a carrier the current one without a span of its own: the other end of `carrier`. */
  within<T>(carrier: Carrier, run: () => T): T;
  /** Of the current span; undefined outside of spans. */
  ids(): SpanIds | undefined;
}

/** Calls what it is given and does nothing else. */
export const NO_TRACING: Tracing = {
  iterationSpan: (_iteration, run) => run(),
  phase: (_name, run) => run(),
  sendSpan: (_template, _destination, _attributes, run) => run(NO_CARRIER),
  processSpan: (_template, _destination, _incoming, run) => run(NO_CARRIER),
  failed: () => {},
  carrier: () => NO_CARRIER,
  within: (_carrier, run) => run(),
  ids: () => undefined,
};
