/** Trace context as it travels in a message: W3C `traceparent` and `tracestate`, nothing else (baggage least of all). */
export type Carrier = Readonly<Record<string, string>>;

/** The carrier of a process that does not trace. */
export const NO_CARRIER: Carrier = Object.freeze({});

export interface RemoteParent {
  /** 32 hexadecimal digits */
  readonly traceId: string;
  /** 16 hexadecimal digits */
  readonly spanId: string;
  /** bit 0: sampled */
  readonly traceFlags: number;
  readonly traceState: string | undefined;
}

const TRACEPARENT = /^00-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;
const ZERO = /^0+$/;

/**
 * What an incoming carrier says, or undefined: it comes from another organisation and is believed only if it is exactly
 * what W3C Trace Context (level 1, version 00) allows. A bad tracestate costs the tracestate alone.
 */
export function readCarrier(carrier: Carrier): RemoteParent | undefined {
  const { traceparent, tracestate } = carrier as Readonly<Record<string, unknown>>;
  const groups = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.groups : undefined;
  if (!groups) return undefined;
  const { trace, span, flags } = groups as { trace: string; span: string; flags: string };
  if (ZERO.test(trace) || ZERO.test(span)) return undefined;
  return {
    traceId: trace,
    spanId: span,
    traceFlags: Number.parseInt(flags, 16) & 1,
    traceState: typeof tracestate === 'string' && TRACESTATE.test(tracestate) ? tracestate : undefined,
  };
}

/** The opposite of readCarrier. */
export function writeCarrier({ traceId, spanId, traceFlags, traceState }: RemoteParent): Carrier {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags & 1 ? '01' : '00'}`;
  return traceState ? { traceparent, tracestate: traceState } : { traceparent };
}
