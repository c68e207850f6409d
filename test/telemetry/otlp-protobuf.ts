/** As much of opentelemetry-proto 1.x as the tests look at: field number -> name and kind. A kind with [] repeats. */
type Kind = 'text' | 'hex' | 'varint' | 'fixed64' | 'double' | Message;
type Field = readonly [name: string, kind: Kind, repeated?: '[]'];
interface Message {
  readonly [field: number]: Field;
}

export type Decoded = { readonly [name: string]: unknown };

const ANY_VALUE: Message = { 1: ['string', 'text'], 2: ['bool', 'varint'], 3: ['int', 'varint'], 4: ['double', 'double'] };
const KEY_VALUE: Message = { 1: ['key', 'text'], 2: ['value', ANY_VALUE] };
const RESOURCE: Message = { 1: ['attributes', KEY_VALUE, '[]'] };
const LINK: Message = { 1: ['traceId', 'hex'], 2: ['spanId', 'hex'] };
const SPAN: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'varint'],
  7: ['start', 'fixed64'],
  8: ['end', 'fixed64'],
  9: ['attributes', KEY_VALUE, '[]'],
  13: ['links', LINK, '[]'],
};
const LOG_RECORD: Message = {
  2: ['severity', 'varint'],
  5: ['body', ANY_VALUE],
  6: ['attributes', KEY_VALUE, '[]'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
};
const METRIC: Message = { 1: ['name', 'text'], 3: ['unit', 'text'] };

export const TRACES = requestOf('Spans', 'spans', SPAN);
export const LOGS = requestOf('Logs', 'logRecords', LOG_RECORD);
export const METRICS = requestOf('Metrics', 'metrics', METRIC);

/** The three export requests are nested alike: by resource, then by scope. */
function requestOf(signal: string, items: string, item: Message): Message {
  const scope: Message = { 2: [items, item, '[]'] };
  const resource: Message = { 1: ['resource', RESOURCE], 2: [`scope${signal}`, scope, '[]'] };
  return { 1: [`resource${signal}`, resource, '[]'] };
}

/** Protocol buffers, encoding version 3; fields that `message` does not list are skipped. */
export function decode(bytes: Buffer, message: Message): Decoded {
  const result: Record<string, unknown> = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (size: number) => {
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = message[tag >> 3];
    const raw = rawValue(tag & 7, varint, take);
    if (!field) continue;
    const [name, kind, repeated] = field;
    const value = interpreted(raw, kind);
    if (repeated) result[name] = [...((result[name] as unknown[]) ?? []), value];
    else result[name] = value;
  }
  return result;
}

function rawValue(wireType: number, varint: () => bigint, take: (size: number) => Buffer): bigint | Buffer {
  switch (wireType) {
    case 0:
      return varint();
    case 1:
      return take(8);
    case 2:
      return take(Number(varint()));
    case 5:
      return take(4);
    default:
      throw new Error(`wire type ${wireType} is not one of protocol buffers version 3`);
  }
}

function interpreted(raw: bigint | Buffer, kind: Kind): unknown {
  if (typeof raw === 'bigint') return Number(raw);
  if (typeof kind === 'object') return decode(raw, kind);
  switch (kind) {
    case 'hex':
      return raw.toString('hex');
    case 'fixed64':
      return raw.readBigUInt64LE();
    case 'double':
      return raw.readDoubleLE();
    default:
      return raw.toString('utf8');
  }
}
