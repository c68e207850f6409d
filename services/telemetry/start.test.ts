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
  const collector = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => collector.once('listening', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
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

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
