import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Decoded, decode, LOGS, METRICS, TRACES } from './otlp-protobuf.ts';

const MESSAGES = { '/v1/traces': TRACES, '/v1/metrics': METRICS, '/v1/logs': LOGS };

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** ns since 1970 */
  readonly start: bigint;
  readonly end: bigint;
}

/** A collector: takes OTLP over HTTP in protobuf, on a free port of the loopback interface. */
export async function startReceiver() {
  const received: Record<keyof typeof MESSAGES, Decoded[]> = { '/v1/traces': [], '/v1/metrics': [], '/v1/logs': [] };
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url as keyof typeof MESSAGES;
    const body = Buffer.concat(await Array.fromAsync(request));
    const isOtlp = request.headers['content-type'] === 'application/x-protobuf' && path in MESSAGES;
    if (isOtlp) received[path].push(decode(body, MESSAGES[path]));
    headers.push(request.headers);
    response.writeHead(isOtlp ? 200 : 400).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    spans: () => received['/v1/traces'].flatMap(spansOf),
    logs: () => received['/v1/logs'].flatMap((message) => below(message, 'resourceLogs', 'scopeLogs', 'logRecords')),
    metrics: () => received['/v1/metrics'].flatMap((message) => below(message, 'resourceMetrics', 'scopeMetrics', 'metrics')),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The attributes of a span, a log record or a resource. */
export function attributesOf(holder: Decoded | undefined): Record<string, unknown> {
  const pairs = list(holder?.['attributes']).map((pair) => [pair['key'], Object.values(pair['value'] as Decoded)[0]]);
  return Object.fromEntries(pairs);
}

function spansOf(message: Decoded): ReceivedSpan[] {
  return list(message['resourceSpans']).flatMap((group) =>
    below(group, 'scopeSpans', 'spans').map((span) => ({
      name: String(span['name']),
      kind: Number(span['kind']),
      traceId: String(span['traceId']),
      spanId: String(span['spanId']),
      parentSpanId: span['parentSpanId'] as string | undefined,
      links: list(span['links']).map((link) => String(link['spanId'])),
      attributes: attributesOf(span),
      resource: attributesOf(group['resource'] as Decoded),
      start: span['start'] as bigint,
      end: span['end'] as bigint,
    })),
  );
}

function below(message: Decoded, ...path: string[]): Decoded[] {
  return path.reduce((messages, name) => messages.flatMap((each) => list(each[name])), [message]);
}

function list(value: unknown): Decoded[] {
  return (value ?? []) as Decoded[];
}
