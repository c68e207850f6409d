import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { NO_METRICS, startProbes, startTelemetry } from '#telemetry';

interface Family {
  readonly type: string;
  readonly samples: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

before(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});

test('a scrape gives every metric of the table in the format of Prometheus, without any collector', async (t) => {
  const telemetry = await startTelemetry({
    service: 'asyndgan-generator',
    version: '0.0.0',
    run: 'r1',
    role: 'main',
    prometheus: true,
    warn: assert.fail,
  });
  t.after(() => telemetry.shutdown());
  const probes = await startProbes({ port: 0, host: '127.0.0.1', live: () => null, ready: () => null, metrics: telemetry.prometheus });
  t.after(() => probes.close());
  const { metrics } = telemetry;
  metrics.iterationDuration(0.2);
  metrics.iterationDuration(1000);
  metrics.phaseDuration(0.01, { phase: 'forward' });
  metrics.wireBytes(100, { site: 'a', direction: 'down' });
  metrics.wireBytes(20, { site: 'a', direction: 'down' });
  metrics.wireBytes(7, { site: 'odd "\\\n name', direction: 'up' });
  metrics.siteLatency(0.3, { site: 'a' });
  metrics.siteStaleness(2, { site: 'a' });
  metrics.loss(-0.5, { site: 'a', side: 'generator' });
  metrics.iteration(41);
  metrics.iteration(42);
  metrics.tensorsLive(100);
  metrics.natsReconnects(1);
  metrics.eventLoopDelay(0.001, { quantile: 'p99' });
  metrics.sitesPresent(3);
  metrics.sitesDesired(4);
  metrics.hubEpoch(2);
  metrics.rollbacks(1);

  const families = parse(await (await fetch(`http://127.0.0.1:${probes.port}/metrics`)).text());
  const at = (name: string, labels: object = {}) => sample(families, name, { ...labels, asyndgan_run: 'r1' });
  assert.equal(families.size, Object.keys(NO_METRICS).length + 1, [...families.keys()].join()); // and target_info
  assert.equal(families.get('asyndgan_wire_bytes_total')?.type, 'counter');
  assert.equal(at('asyndgan_wire_bytes_total', { site: 'a', direction: 'down' }), 120);
  assert.equal(at('asyndgan_wire_bytes_total', { site: 'odd "\\\n name', direction: 'up' }), 7);
  assert.equal(at('asyndgan_iteration'), 42);
  assert.equal(at('asyndgan_loss', { site: 'a', side: 'generator' }), -0.5);
  assert.equal(families.get('asyndgan_iteration_duration')?.type, 'histogram');
  assert.equal(at('asyndgan_iteration_duration_bucket', { le: '0.1' }), 0);
  assert.equal(at('asyndgan_iteration_duration_bucket', { le: '0.25' }), 1);
  assert.equal(at('asyndgan_iteration_duration_bucket', { le: '+Inf' }), 2);
  assert.equal(at('asyndgan_iteration_duration_count'), 2);
  assert.equal(at('asyndgan_iteration_duration_sum'), 1000.2);
});

test('a scrape before the first metric and one after the last change are both whole', async (t) => {
  const telemetry = await startTelemetry({ service: 's', version: '0', role: 'main', prometheus: true, warn: assert.fail });
  t.after(() => telemetry.shutdown());
  assert.deepEqual([...parse(await telemetry.prometheus()).keys()], ['target_info']);
  telemetry.metrics.rollbacks(2);
  const scrapes = [await telemetry.prometheus(), await telemetry.prometheus()];
  assert.deepEqual(
    scrapes.map((text) => sample(parse(text), 'asyndgan_rollbacks_total', {})),
    [2, 2],
  );
});

function sample(families: ReadonlyMap<string, Family>, name: string, labels: object): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = [...families.values()].flatMap(({ samples }) => samples);
  return found.find((each) => each.name === name && JSON.stringify(Object.entries(each.labels).sort()) === wanted)?.value;
}

/** Text-based format 0.0.4 of Prometheus; throws where a line breaks its grammar or a sample stands outside of its family. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current = '';
  assert.ok(text.endsWith('\n'), 'the last line must have an end');
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE ([a-z_:]+) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      current = type[1]!;
      assert.ok(!families.has(current), `${current} comes twice`);
      families.set(current, { type: type[2]!, samples: [] });
    } else if (!line.startsWith('# ')) {
      const parts = /^([a-z_:]+)(?:\{(.*)\})? (\+Inf|-Inf|NaN|-?[0-9.e+-]+)$/.exec(line);
      assert.ok(parts, `no sample: ${line}`);
      const [, name, labels = '', value] = parts as unknown as [string, string, string | undefined, string];
      const suffix = name.startsWith(current) ? name.slice(current.length) : 'another family';
      assert.match(suffix, families.get(current)?.type === 'histogram' ? /^_(bucket|sum|count)$/ : /^$/, line);
      families.get(current)!.samples.push({ name, labels: labelsOf(labels), value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  return families;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g)];
  assert.equal(pairs.map(([all]) => all).join(''), text);
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, value!.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c))]));
}
