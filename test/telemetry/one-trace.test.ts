import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Carrier, createLogger, startTelemetry, type Telemetry } from '#telemetry';
import { attributesOf, type ReceivedSpan, startReceiver } from './otlp-receiver.ts';

const TEMPLATE = 'asyndgan.v1.{run}.work.{site}.{iter}';
const SITES = ['a', 'b'];
const HUB = { service: 'asyndgan-generator', version: '0.0.0', run: 'r1', instance: 'hub-1' };
const PRODUCER = 4;
const CONSUMER = 5;

before(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});

test('one iteration over three processes and two threads is one trace, and the step links to the answers', {
  timeout: 60_000,
}, async (t) => {
  const receiver = await startReceiver();
  t.after(receiver.close);
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=hospital%20a' };
  Object.assign(process.env, environment);
  const sites = SITES.map((site) => fork(fileURLToPath(new URL('a-site.ts', import.meta.url)), [site]));
  t.after(() => sites.forEach((site) => void site.kill()));
  const telemetry = await startTelemetry({ ...HUB, role: 'main', warn: assert.fail });
  const logger = createLogger({ level: 'info', format: 'json', write: () => {}, sink: telemetry.logs });
  const training = new Worker(new URL('a-training-thread.ts', import.meta.url), { workerData: HUB });
  const trained = once(training, 'exit');

  const [carrier] = (await once(training, 'message')) as [Carrier];
  const replies = await telemetry.tracing.within(carrier, () => {
    logger.info('works are sent', { iteration: 7, error: Object.assign(new Error('jane-doe.png'), { code: 'WIRE_BUSY' }) });
    return Promise.all(sites.map((site, i) => work(telemetry, site, SITES[i]!)));
  });
  telemetry.metrics.iterationDuration(0.2);
  telemetry.metrics.wireBytes(100, { site: 'a', direction: 'down' });
  training.postMessage(replies);
  await trained;
  const left = sites.map((site) => once(site, 'exit'));
  for (const site of sites) site.disconnect();
  await Promise.all([telemetry.shutdown(), ...left]);

  const spans = receiver.spans();
  const only = (name: string, site?: string) => {
    const found = spans.filter((span) => span.name === name && (!site || siteOf(span) === site));
    assert.equal(found.length, 1, `${name} ${site ?? ''}`);
    return found[0]!;
  };
  const root = only('asyndgan.iteration');
  const exchange = only('asyndgan.exchange');
  const update = only('asyndgan.update');
  assert.equal(spans.length, 9);
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([root.traceId]));
  assert.equal(root.parentSpanId, undefined);
  assert.equal(root.attributes['asyndgan.iteration'], 7);
  assert.deepEqual([exchange.parentSpanId, update.parentSpanId], [root.spanId, root.spanId]);
  for (const site of SITES) {
    const [send, process] = [only(`request ${TEMPLATE}`, site), only(`process ${TEMPLATE}`, site)];
    assert.deepEqual([send.kind, send.parentSpanId], [PRODUCER, exchange.spanId]);
    assert.deepEqual([process.kind, process.parentSpanId], [CONSUMER, send.spanId]);
    assert.equal(only('asyndgan.discriminator', site).parentSpanId, process.spanId);
    assert.equal(process.attributes['messaging.system.name'], 'nats');
    assert.equal(process.attributes['messaging.destination.name'], `asyndgan.v1.r1.work.${site}.7`);
    assert.ok(send.start <= process.start && process.start <= process.end);
  }
  assert.deepEqual(new Set(update.links), new Set(SITES.map((site) => only(`process ${TEMPLATE}`, site).spanId)));

  assert.equal(new Set(spans.map(({ resource }) => resource['service.instance.id'])).size, 3);
  assert.deepEqual([root.resource['asyndgan.thread'], only(`request ${TEMPLATE}`, 'a').resource['asyndgan.thread']], ['worker', 'main']);
  assert.ok(receiver.headers.every((headers) => headers['x-tenant'] === 'hospital a'));
  const everything = JSON.stringify([spans, receiver.logs()], (_, value) => (typeof value === 'bigint' ? String(value) : value));
  assert.doesNotMatch(everything, /jane-doe|host\.name|process\.|os\./);

  const hubLog = receiver.logs().find((record) => JSON.stringify(record['body']).includes('works are sent'));
  assert.deepEqual(attributesOf(hubLog), { 'asyndgan.iteration': 7, 'error.type': 'WIRE_BUSY' });
  assert.deepEqual([hubLog?.['traceId'], hubLog?.['spanId']], [root.traceId, exchange.spanId]);
  assert.equal(receiver.logs().length, 1 + SITES.length);
  const sent = new Set(receiver.metrics().map((metric) => metric['name']));
  assert.ok(
    ['asyndgan.iteration.duration', 'asyndgan.wire.bytes'].every((name) => sent.has(name)),
    [...sent].join(),
  );
});

/** What the wire does for a work: a message with a carrier, an answer with another. */
function work({ tracing }: Telemetry, child: ChildProcess, site: string): Promise<Carrier> {
  const subject = `asyndgan.v1.r1.work.${site}.7`;
  return tracing.sendSpan(TEMPLATE, subject, { site, iteration: 7, envelopeBytes: 100 }, async (trace) => {
    child.send({ subject, trace });
    const [answer] = (await once(child, 'message')) as [{ trace: Carrier }];
    return answer.trace;
  });
}

const siteOf = ({ attributes, resource }: ReceivedSpan) => attributes['asyndgan.site'] ?? resource['asyndgan.site'];
