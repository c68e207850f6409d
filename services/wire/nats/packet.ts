import { headers, type Msg, type MsgHdrs } from '@nats-io/nats-core';
import type { Letter } from '../link.ts';

/**
 * What the links say to each other. `request` and `answer` carry letters. Publishing to a peer that is away loses the message without a
 * word, so the asker probes: the peer repeats its answer, says that it is `working` on it, that it is `oversize` for the peer's server, or
 * that the request is `unknown` to it. `back` asks for probes at once; `bye` means that no answer will come.
 */
export type PacketKind = 'request' | 'answer' | 'probe' | 'working' | 'oversize' | 'unknown' | 'back' | 'bye';

export interface Packet {
  readonly kind: PacketKind;
  /** of the request that this is about */
  readonly id: string;
  /** rises with every request and probe of one asker and is echoed by what answers it, so that late echoes are known as such */
  readonly attempt: number;
  /** the asker waits for no request of a lower number any more: their answers can go, and late copies of them */
  readonly floor: number;
  readonly letter: Letter;
}

export const NO_LETTER: Letter = { bytes: new Uint8Array(0), trace: {} };

/** What the headers of a message add to its payload at most. */
export const MOST_HEADER_BYTES = 1024;

const KINDS: readonly string[] = ['request', 'answer', 'probe', 'working', 'oversize', 'unknown', 'back', 'bye'] satisfies PacketKind[];
const ID = /^[A-Za-z0-9]{1,32}-[0-9]{1,15}$/;

/** Trace context that may travel (W3C Trace Context): bounded, and no baggage, which could carry anything. */
const TRACE = {
  traceparent: /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
  tracestate: /^[\x20-\x7e]{1,512}$/,
};

export function packetHeaders({ kind, id, attempt, floor, letter }: Packet): MsgHdrs {
  const fields = headers();
  fields.set('Asyndgan-Kind', kind);
  if (id) fields.set('Asyndgan-Id', id);
  if (attempt) fields.set('Asyndgan-Attempt', String(attempt));
  if (floor) fields.set('Asyndgan-Floor', String(floor));
  for (const [name, value] of Object.entries(boundedTrace((name) => letter.trace[name]))) fields.set(name, value);
  return fields;
}

/** Null for what no link of ours has sent. The bytes are the message's own, and a view. */
export function readPacket({ headers: fields, data }: Pick<Msg, 'headers' | 'data'>): Packet | null {
  const kind = fields?.get('Asyndgan-Kind') ?? '';
  const id = fields?.get('Asyndgan-Id') ?? '';
  const [attempt, floor] = ['Asyndgan-Attempt', 'Asyndgan-Floor'].map((name) => Number(fields?.get(name) || 0)) as [number, number];
  const notice = kind === 'back' || kind === 'bye';
  if (!KINDS.includes(kind) || !Number.isSafeInteger(attempt) || !Number.isSafeInteger(floor) || !(notice || ID.test(id))) return null;
  return { kind: kind as PacketKind, id, attempt, floor, letter: { bytes: data, trace: boundedTrace((name) => fields?.get(name)) } };
}

function boundedTrace(read: (name: string) => string | undefined): Record<string, string> {
  const trace: Record<string, string> = {};
  for (const [name, pattern] of Object.entries(TRACE)) {
    const value = read(name);
    if (value && pattern.test(value)) trace[name] = value;
  }
  return trace;
}
