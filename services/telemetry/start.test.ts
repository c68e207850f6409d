import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { registerHooks } from 'node:module';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import type { LogFields } from './log-record.ts';
import type { TelemetryOptions } from './telemetry.ts';

const OPTIONS = { service: 'asyndgan-test', version: '0.0.0', run: 'r1', role: 'main', warn: () => {} } satisfies TelemetryOptions;

before(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});

test('telemetry that is off loads nothing of OpenTelemetry, and does nothing', async () => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      loaded.push(specifier);
      return next(specifier, context);
    },
  });
  const { NO_TELEMETRY, startTelemetry } = await import('./index.ts');
  const telemetry = await startTelemetry(OPTIONS);
  hooks.deregister();
  assert.ok(loaded.includes('./start.ts'), 'the hook saw no import');
  assert.deepEqual(
    loaded.filter((specifier) => specifier.startsWith('@opentelemetry')),
    [],
  );
  assert.equal(telemetry, NO_TELEMETRY);
  telemetry.metrics.wireBytes(1, { site: 'a', direction: 'up' });
  assert.match(await telemetry.prometheus(), /^# /);
  await telemetry.shutdown();
});

test('OTEL_SDK_DISABLED goes before all else, and a worker alone has no metrics', async () => {
  const { NO_TELEMETRY, startTelemetry } = await import('./index.ts');
  process.env['OTEL_SDK_DISABLED'] = 'true';
  assert.equal(await startTelemetry({ ...OPTIONS, otlpEndpoint: 'http://127.0.0.1:9', prometheus: true }), NO_TELEMETRY);
  delete process.env['OTEL_SDK_DISABLED'];
  assert.equal(await startTelemetry({ ...OPTIONS, role: 'worker', prometheus: true }), NO_TELEMETRY);
});

test('the environment names the service and chooses the sampler', async () => {
  const { startTelemetry } = await import('./index.ts');
  Object.assign(process.env, { OTEL_SERVICE_NAME: 'other', OTEL_TRACES_SAMPLER: 'always_off', OTEL_RESOURCE_ATTRIBUTES: 'a.b=c' });
  const telemetry = await startTelemetry({ ...OPTIONS, otlpEndpoint: 'http://127.0.0.1:9', prometheus: true });
  for (const name of ['OTEL_SERVICE_NAME', 'OTEL_TRACES_SAMPLER', 'OTEL_RESOURCE_ATTRIBUTES']) delete process.env[name];
  const { traceparent } = telemetry.tracing.iterationSpan(1, () => telemetry.tracing.carrier());
  assert.match(traceparent!, /-00$/);
  const text = await telemetry.prometheus();
  for (const label of ['service_name="other"', 'asyndgan_run="r1"', 'a_b="c"']) assert.ok(text.includes(label), text);
  await telemetry.shutdown();
});

test('a collector that is away is told once, costs nothing else, and is told again when it is back', async () => {
  const { startTelemetry } = await import('./index.ts');
  const told: { message: string; fields: LogFields }[] = [];
  let status = 404;
  const collector = await aCollector(() => ({ status }));
  const { endpoint } = collector;
  process.env['OTEL_METRIC_EXPORT_INTERVAL'] = '50';
  const telemetry = await startTelemetry({ ...OPTIONS, otlpEndpoint: endpoint, warn: (message, fields) => told.push({ message, fields }) });
  try {
    telemetry.metrics.iteration(1);
    await until(() => told.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(told.length, 1);
    assert.match(told[0]!.message, /not delivered/);
    assert.deepEqual([told[0]!.fields['endpoint'], told[0]!.fields['signal']], [`${endpoint}/`, 'metrics']);
    status = 200;
    await until(() => told.length === 2);
    assert.match(told[1]!.message, /delivered again/);
  } finally {
    delete process.env['OTEL_METRIC_EXPORT_INTERVAL'];
    await telemetry.shutdown();
    collector.close();
  }
});

test('shutdown ends in time when the collector never answers', { timeout: 15_000 }, async () => {
  const { startTelemetry } = await import('./index.ts');
  const told: string[] = [];
  const blackHole = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => blackHole.once('listening', resolve));
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '60000';
  const otlpEndpoint = `http://127.0.0.1:${(blackHole.address() as AddressInfo).port}`;
  const telemetry = await startTelemetry({ ...OPTIONS, role: 'worker', otlpEndpoint, warn: (message) => told.push(message) });
  delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
  telemetry.tracing.iterationSpan(1, () => {});
  const started = performance.now();
  await Promise.all([telemetry.shutdown(), telemetry.shutdown()]);
  assert.ok(performance.now() - started < 8000);
  assert.deepEqual(told, ['the last telemetry was not delivered in time']);
  blackHole.closeAllConnections();
  blackHole.close();
});

test('a thread has one SDK at a time, and another when the first is shut down', async () => {
  const { startTelemetry, TelemetryStartedError } = await import('./index.ts');
  const start = (run: string) => startTelemetry({ ...OPTIONS, run, prometheus: true });
  const first = await start('r1');
  await assert.rejects(start('r2'), TelemetryStartedError);
  first.metrics.iteration(1);
  await first.shutdown();
  const second = await start('r2');
  second.metrics.iteration(2);
  assert.match(await second.prometheus(), /^asyndgan_iteration\{asyndgan_run="r2"\} 2$/m);
  await second.shutdown();
});

test('what is not asked for does not get an exporter from the environment', async (t) => {
  const { startTelemetry } = await import('./index.ts');
  const { logs, metrics, propagation, trace } = await import('@opentelemetry/api');
  const collector = await aCollector(() => ({ status: 200 }));
  t.after(collector.close);
  const environment = Object.fromEntries(
    ['TRACES', 'METRICS', 'LOGS'].flatMap((signal) => [
      [`OTEL_${signal}_EXPORTER`, 'otlp'],
      [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, collector.endpoint],
    ]),
  );
  const everything = async (options: Partial<TelemetryOptions>) => {
    const telemetry = await startTelemetry({ ...OPTIONS, ...options });
    trace.getTracer('t').startSpan('s').end();
    metrics.getMeter('t').createCounter('c').add(1);
    logs.getLogger('t').emit({ body: 'b' });
    assert.deepEqual(propagation.fields(), []);
    await telemetry.shutdown();
    return collector.paths.splice(0).sort();
  };
  Object.assign(process.env, environment);
  t.after(() => Object.keys(environment).forEach((name) => void delete process.env[name]));
  assert.deepEqual(await everything({ prometheus: true }), []);
  const asked = { otlpEndpoint: `${collector.endpoint}/own` };
  assert.deepEqual(await everything({ ...asked, role: 'worker' }), ['/own/v1/logs', '/own/v1/traces']);
  assert.deepEqual(await everything(asked), ['/own/v1/logs', '/own/v1/metrics', '/own/v1/traces']);
});

test('a collector that refuses one signal gets the last of the others', async (t) => {
  const { startTelemetry } = await import('./index.ts');
  const collector = await aCollector((path) => (path === '/v1/traces' ? { status: 404 } : { status: 200, afterMs: 300 }));
  t.after(collector.close);
  const told: unknown[] = [];
  const warn = (_: string, { signal }: LogFields) => told.push(signal);
  const telemetry = await startTelemetry({ ...OPTIONS, otlpEndpoint: collector.endpoint, warn });
  telemetry.tracing.iterationSpan(1, () => telemetry.logs.forward({ time: Date.now(), level: 'info', message: 'last', fields: {} }));
  telemetry.metrics.iteration(1);
  await telemetry.shutdown();
  assert.deepEqual(collector.paths.toSorted(), ['/v1/logs', '/v1/metrics', '/v1/traces']);
  assert.deepEqual(told, ['traces']);
});

/** Answers as told; `paths` are those that it has answered. */
async function aCollector(answer: (path: string) => { status: number; afterMs?: number }) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const { status, afterMs = 0 } = answer(request.url!);
    const reply = () => {
      paths.push(request.url!);
      response.writeHead(status).end();
    };
    request.resume().on('end', () => setTimeout(reply, afterMs));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint, paths, close: () => void server.close() };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
