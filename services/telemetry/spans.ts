import {
  type Context,
  context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ATTRIBUTES, type Attributes, errorCode, exported, isToken } from './attributes.ts';
import { type Carrier, NO_CARRIER, type RemoteParent, readCarrier, writeCarrier } from './carrier.ts';
import type { Phase, SpanIds, Tracing } from './tracing.ts';

/** Tracing with OpenTelemetry. The current span is kept by the context manager that NodeSDK registers. */
export class OpenTelemetryTracing implements Tracing {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  iterationSpan<T>(iteration: number, run: () => T): T {
    return this.#spanned('asyndgan.iteration', { attributes: exported({ iteration }) }, ROOT_CONTEXT, () => run());
  }

  phase<T>(name: Phase, run: () => T, linkTo: readonly Carrier[] = []): T {
    const links = linkTo.flatMap((carrier) => readCarrier(carrier) ?? []).map((parent) => ({ context: spanContext(parent) }));
    return this.#spanned(`asyndgan.${name}`, { links }, context.active(), () => run());
  }

  sendSpan<T>(template: string, destination: string, attributes: Attributes, run: (carrier: Carrier) => T): T {
    const options = {
      kind: SpanKind.PRODUCER,
      attributes: { ...messaging('request', 'send', template, destination), ...exported(attributes) },
    };
    return this.#spanned(`request ${template}`, options, context.active(), (span) => run(carrierOf(span)));
  }

  processSpan<T>(template: string, destination: string, incoming: Carrier, run: (reply: Carrier) => T): T {
    const options = { kind: SpanKind.CONSUMER, attributes: messaging('process', 'process', template, destination) };
    return this.#spanned(`process ${template}`, options, contextOf(incoming), (span) => run(carrierOf(span)));
  }

  failed(error: unknown): void {
    const span = trace.getActiveSpan();
    if (span) fail(span, error);
  }

  carrier(): Carrier {
    const span = trace.getActiveSpan();
    return span ? carrierOf(span) : NO_CARRIER;
  }

  within<T>(carrier: Carrier, run: () => T): T {
    return context.with(contextOf(carrier), run);
  }

  ids(): SpanIds | undefined {
    return trace.getSpanContext(context.active());
  }

  #spanned<T>(name: string, options: SpanOptions, parent: Context, run: (span: Span) => T): T {
    return this.#tracer.startActiveSpan(name, options, parent, (span) => {
      try {
        const result = run(span);
        if (result instanceof Promise) return ending(span, result) as T;
        span.end();
        return result;
      } catch (error) {
        throw end(span, error);
      }
    });
  }
}

async function ending<T>(span: Span, result: Promise<T>): Promise<T> {
  try {
    const value = await result;
    span.end();
    return value;
  } catch (error) {
    throw end(span, error);
  }
}

function end(span: Span, error: unknown): unknown {
  fail(span, error);
  span.end();
  return error;
}

/** The code alone: a site's messages may name files of patients. */
function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute(ATTRIBUTES.code.name, errorCode(error));
}

function messaging(name: string, type: string, template: string, destination: string) {
  return {
    'messaging.system.name': 'nats',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    'messaging.destination.template': template,
    ...(isToken(destination) && { 'messaging.destination.name': destination }),
  };
}

function contextOf(carrier: Carrier): Context {
  const parent = readCarrier(carrier);
  return parent ? trace.setSpanContext(ROOT_CONTEXT, spanContext(parent)) : ROOT_CONTEXT;
}

function spanContext({ traceState, ...ids }: RemoteParent): SpanContext {
  return { ...ids, isRemote: true, ...(traceState && { traceState: createTraceState(traceState) }) };
}

function carrierOf(span: Span): Carrier {
  const { traceState, ...ids } = span.spanContext();
  return writeCarrier({ ...ids, traceState: traceState?.serialize() });
}
