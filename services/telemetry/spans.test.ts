import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, InMemorySpanExporter, type Sampler, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Carrier, NO_CARRIER, readCarrier } from './carrier.ts';
import { OpenTelemetryTracing } from './spans.ts';
import { NO_TRACING, type Tracing } from './tracing.ts';

const TEMPLATE = 'asyndgan.v1.{run}.work.{site}.{iter}';
const SUBJECT = 'asyndgan.v1.r1.work.a.7';

before(() => {
  const nothing = { spanProcessors: [], metricReaders: [], logRecordProcessors: [], autoDetectResources: false, textMapPropagator: null };
  new NodeSDK(nothing).start(); // for its context manager
});

function aProcess(sampler?: Sampler) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })], ...(sampler && { sampler }) });
  const span = (name: string) => exporter.getFinishedSpans().find((finished) => finished.name === name)!;
  return { tracing: new OpenTelemetryTracing(provider.getTracer('test')), span, count: () => exporter.getFinishedSpans().length };
}

for (const [name, tracing] of Object.entries<Tracing>({ 'tracing off': NO_TRACING, 'tracing on': aProcess().tracing })) {
  test(`${name} - results, promises and errors pass through every function`, async () => {
    const wrappers: (<T>(run: () => T) => T)[] = [
      (run) => tracing.iterationSpan(1, run),
      (run) => tracing.phase('forward', run),
      (run) => tracing.sendSpan(TEMPLATE, SUBJECT, { site: 'a' }, run),
      (run) => tracing.processSpan(TEMPLATE, SUBJECT, { traceparent: 'nonsense' }, run),
      (run) => tracing.within(NO_CARRIER, run),
    ];
    for (const wrap of wrappers) {
      const error = new Error('as it was');
      assert.equal(
        wrap(() => 5),
        5,
      );
      assert.equal(await wrap(async () => 6), 6);
      assert.throws(
        () =>
          wrap(() => {
            throw error;
          }),
        error,
      );
      await assert.rejects(
        wrap(async () => {
          throw error;
        }),
        error,
      );
    }
  });
}

test('functions without a carrier are called without arguments, as they would be without tracing', () => {
  const { tracing } = aProcess();
  const given = (...all: unknown[]) => all.length;
  const counts = [tracing.iterationSpan(1, given), tracing.phase('cut', given), tracing.within(NO_CARRIER, given)];
  assert.deepEqual(counts, [0, 0, 0]);
});

test('tracing off - there is no context and nothing travels', () => {
  assert.equal(NO_TRACING.ids(), undefined);
  assert.deepEqual(NO_TRACING.carrier(), {});
  assert.deepEqual(
    NO_TRACING.sendSpan(TEMPLATE, SUBJECT, {}, (carrier) => carrier),
    {},
  );
});

test('an iteration is the root, its phases are children, across awaits', async () => {
  const { tracing, span } = aProcess();
  await tracing.iterationSpan(7, async () => {
    await new Promise(setImmediate);
    await tracing.phase('forward', async () => tracing.phase('encode', () => {}));
  });
  const root = span('asyndgan.iteration');
  assert.equal(root.parentSpanContext, undefined);
  assert.deepEqual(root.attributes, { 'asyndgan.iteration': 7 });
  assert.equal(span('asyndgan.forward').parentSpanContext?.spanId, root.spanContext().spanId);
  assert.equal(span('asyndgan.encode').parentSpanContext?.spanId, span('asyndgan.forward').spanContext().spanId);
});

test('iterations that overlap do not mix', async () => {
  const { tracing, count } = aProcess();
  const traces = await Promise.all(
    [1, 2, 3].map((iteration) =>
      tracing.iterationSpan(iteration, async () => {
        const before = tracing.ids()?.traceId;
        await new Promise(setImmediate);
        assert.equal(tracing.ids()?.traceId, before);
        return before;
      }),
    ),
  );
  assert.equal(new Set(traces).size, 3);
  assert.equal(count(), 3);
  assert.equal(tracing.ids(), undefined);
});

test('a request and its handling at another process are one trace, named as the semantic conventions ask', async () => {
  const [hub, site] = [aProcess(), aProcess()];
  await hub.tracing.iterationSpan(7, () =>
    hub.tracing.sendSpan(TEMPLATE, SUBJECT, { site: 'a', envelopeBytes: 9 }, async (carrier) =>
      site.tracing.processSpan(TEMPLATE, SUBJECT, carrier, async () => {}),
    ),
  );
  const [send, process] = [hub.span(`request ${TEMPLATE}`), site.span(`process ${TEMPLATE}`)];
  assert.equal(send.kind, SpanKind.PRODUCER);
  assert.equal(process.kind, SpanKind.CONSUMER);
  assert.equal(process.parentSpanContext?.spanId, send.spanContext().spanId);
  assert.equal(process.spanContext().traceId, hub.span('asyndgan.iteration').spanContext().traceId);
  assert.deepEqual(send.attributes, {
    'messaging.system.name': 'nats',
    'messaging.operation.name': 'request',
    'messaging.operation.type': 'send',
    'messaging.destination.template': TEMPLATE,
    'messaging.destination.name': SUBJECT,
    'asyndgan.site': 'a',
    'messaging.message.envelope.size': 9,
  });
});

test('a step links to the answers that it uses, and not to carriers that are none', () => {
  const { tracing, span } = aProcess();
  const reply = tracing.processSpan(TEMPLATE, SUBJECT, NO_CARRIER, (own) => own);
  tracing.phase('update', () => {}, [reply, {}, { traceparent: 'nonsense' }]);
  assert.deepEqual(
    span('asyndgan.update').links.map(({ context }) => context.spanId),
    [readCarrier(reply)?.spanId],
  );
});

test('a carrier that is not valid starts a new trace', () => {
  const { tracing, span } = aProcess();
  tracing.processSpan(TEMPLATE, SUBJECT, { traceparent: `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01` }, () => {});
  assert.equal(span(`process ${TEMPLATE}`).parentSpanContext, undefined);
});

test('baggage goes no further, the tracestate does', () => {
  const { tracing } = aProcess();
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const reply = tracing.processSpan(TEMPLATE, SUBJECT, { traceparent, tracestate: 'v=1', baggage: 'patient=7' }, (own) => own);
  assert.deepEqual(Object.keys(reply).sort(), ['traceparent', 'tracestate']);
  assert.equal(reply['tracestate'], 'v=1');
});

test('another thread goes on in the same span', () => {
  const [worker, main] = [aProcess(), aProcess()];
  worker.tracing.iterationSpan(1, () => {
    main.tracing.within(worker.tracing.carrier(), () => main.tracing.phase('exchange', () => {}));
  });
  assert.equal(main.span('asyndgan.exchange').parentSpanContext?.spanId, worker.span('asyndgan.iteration').spanContext().spanId);
  assert.equal(main.count(), 1);
});

test("a failure leaves the error's code on the span, and no text of it", () => {
  const { tracing, span } = aProcess();
  const error = Object.assign(new Error('/data/jane-doe.png is damaged'), { code: 'DATASET_UNREADABLE' });
  assert.throws(() =>
    tracing.phase('real', () => {
      throw error;
    }),
  );
  tracing.processSpan(TEMPLATE, SUBJECT, NO_CARRIER, () => tracing.failed(error));
  for (const name of ['asyndgan.real', `process ${TEMPLATE}`]) {
    assert.deepEqual(span(name).status, { code: SpanStatusCode.ERROR });
    assert.equal(span(name).attributes['error.type'], 'DATASET_UNREADABLE');
    assert.deepEqual(span(name).events, []);
  }
});

test('a trace that is not sampled still travels, so that no site starts one of its own', () => {
  const [hub, site] = [aProcess(new AlwaysOffSampler()), aProcess()];
  const carrier: Carrier = hub.tracing.iterationSpan(1, () => hub.tracing.carrier());
  site.tracing.processSpan(TEMPLATE, SUBJECT, carrier, () => {});
  assert.equal(readCarrier(carrier)?.traceFlags, 0);
  assert.equal(hub.count() + site.count(), 0);
});
