import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TelemetrySettingError } from './errors.ts';
import { readSettings } from './settings.ts';

test('nothing is asked for by an empty environment', () => {
  assert.deepEqual(readSettings(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }), {
    endpoint: undefined,
    disabled: false,
    sampling: { root: 'always_on', parentBased: true, ratio: 1 },
    timeoutMs: 5000,
    metricIntervalMs: 15000,
  });
});

test('the command line goes before the environment, and a slash at the end counts for nothing', () => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:4318/' };
  assert.equal(readSettings('https://a/otlp/', environment).endpoint, 'https://a/otlp');
  assert.equal(readSettings(undefined, environment).endpoint, 'http://b:4318');
});

test('samplers are those of OpenTelemetry', () => {
  const sampler = (name: string, arg?: string) =>
    readSettings(undefined, { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg }).sampling;
  assert.deepEqual(sampler('always_off'), { root: 'always_off', parentBased: false, ratio: 1 });
  assert.deepEqual(sampler('parentbased_traceidratio', '0.25'), { root: 'traceidratio', parentBased: true, ratio: 0.25 });
});

test('a setting that cannot be followed is named, with its value and what to give', () => {
  const cases: { endpoint?: string; environment?: Record<string, string>; says: RegExp }[] = [
    { endpoint: 'collector:4318', says: /^--otlp is 'collector:4318': give a URL/ },
    { endpoint: 'nonsense', says: /^--otlp/ },
    { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://c:4317' }, says: /^OTEL_EXPORTER_OTLP_ENDPOINT is 'grpc:\/\/c:4317'/ },
    { environment: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, says: /4318/ },
    {
      environment: { OTEL_TRACES_SAMPLER: 'parentbased_jaeger' },
      says: /^OTEL_TRACES_SAMPLER is 'parentbased_jaeger': give one of always_on/,
    },
    { environment: { OTEL_TRACES_SAMPLER_ARG: '1.5' }, says: /from 0 to 1/ },
    { environment: { OTEL_TRACES_SAMPLER_ARG: 'half' }, says: /from 0 to 1/ },
    { environment: { OTEL_EXPORTER_OTLP_TIMEOUT: '0' }, says: /whole milliseconds/ },
    { environment: { OTEL_METRIC_EXPORT_INTERVAL: '1s' }, says: /^OTEL_METRIC_EXPORT_INTERVAL is '1s'/ },
  ];
  for (const { endpoint, environment = {}, says } of cases) {
    assert.throws(
      () => readSettings(endpoint, environment),
      (error) => error instanceof TelemetrySettingError && error.code === 'TELEMETRY_SETTING' && says.test(error.message),
      String(says),
    );
  }
});
