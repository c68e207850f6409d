import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReceivedSpan, startReceiver } from '../telemetry/otlp-receiver.ts';
import { aNatsServer, WITHOUT_NATS } from '../wire/nats-server.ts';
import { aParty, aTrial, eventually, iterations, outOf, type Process, SITES } from './a-federation.ts';

const OWN_PORT = { ASYNDGAN_HTTP_PORT: '0', ASYNDGAN_HTTP_HOST: '127.0.0.1' };

test('probes - a hub is ready when its sites are there, and its metrics follow the run', { skip: WITHOUT_NATS }, async (t) => {
  const trial = await aTrial(t, { training: { iterations: 100_000 } });
  const { url } = await aNatsServer(t);
  const hub = aParty(trial, 'hub', url, OWN_PORT);
  const north = aParty(trial, 'north', url, OWN_PORT);
  const ask = await probesOf(hub);
  await eventually('the hub to wait for its sites', async () => (await ask('/readyz')).text.startsWith('waiting for the sites: 2 of 2'));
  assert.equal((await ask('/readyz')).status, 503);
  assert.equal((await ask('/livez')).status, 200);

  aParty(trial, 'south', url);
  await eventually('the hub to be ready', async () => (await ask('/readyz')).status === 200);
  await iterations(outOf(trial), 10);
  const metrics = (await ask('/metrics')).text;
  assert.ok(latest(metrics, 'asyndgan_iteration') >= 10);
  assert.equal(latest(metrics, 'asyndgan_sites_present'), 2);
  assert.equal(latest(metrics, 'asyndgan_hub_epoch'), 1);
  for (const site of SITES)
    for (const direction of ['down', 'up'])
      assert.ok(latest(metrics, 'asyndgan_wire_bytes_total', `site="${site}"`, `direction="${direction}"`) > 0);

  const askNorth = await probesOf(north);
  assert.equal((await askNorth('/readyz')).status, 200);
  assert.match((await askNorth('/metrics')).text, /^target_info\{.*service_name="asyndgan-discriminator".*asyndgan_site="north"/m);

  north.kill('SIGTERM');
  await eventually('the hub to miss a site', async () => /only 1 of 2 sites/.test((await ask('/readyz')).text));
});

test('traces - an iteration is one trace through the hub and its sites', { skip: WITHOUT_NATS }, async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const trial = await aTrial(t, { training: { iterations: 8 } });
  const { url } = await aNatsServer(t);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
  const parties = (['hub', ...SITES] as const).map((name) => aParty(trial, name, url, env));
  for (const { code, stderr } of await Promise.all(parties.map(({ ended }) => ended))) assert.equal(code, 0, stderr);

  const root = receiver.spans().find(({ name, attributes }) => name === 'asyndgan.iteration' && attributes['asyndgan.iteration'] === 5)!;
  const trace = receiver.spans().filter(({ traceId }) => traceId === root.traceId);
  const processes = new Set(trace.map(({ resource }) => resource['service.instance.id']));
  assert.equal(processes.size, 3);
  for (const site of SITES) {
    const at = (name: string) => trace.find((span) => span.name.startsWith(name) && siteOf(span) === site)!;
    assert.equal(at('process asyndgan.v1.{run}.work').parentSpanId, at('request asyndgan.v1.{run}.work').spanId);
    assert.ok(at('asyndgan.discriminator'), site);
  }
  const update = trace.find(({ name }) => name === 'asyndgan.update')!;
  const works = trace.filter(({ name }) => name.startsWith('process asyndgan.v1.{run}.work'));
  assert.deepEqual(new Set(update.links), new Set(works.map(({ spanId }) => spanId)));
});

const siteOf = ({ attributes, resource }: ReceivedSpan) => attributes['asyndgan.site'] ?? resource['asyndgan.site'];

/** Asks the process's one port, which its log tells. */
async function probesOf(process: Process) {
  const port = () => /"message":"probes and metrics".*"port":(\d+)/.exec(process.stderr())?.[1];
  await eventually('the probes', () => port() !== undefined);
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port()}${path}`);
    return { status: response.status, text: await response.text() };
  };
}

/** Of the one series with this name and these labels. */
function latest(metrics: string, name: string, ...labels: string[]): number {
  const series = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
  assert.equal(series.length, 1, `${name} ${labels.join()}`);
  return Number(series[0]!.split('} ')[1]!.split(' ')[0]);
}
