import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ProbeAddressError, ProbePortTakenError } from './errors.ts';
import { type ProbeOptions, startProbes } from './probes.ts';

const HOST = '127.0.0.1';
const WELL: ProbeOptions = { port: 0, host: HOST, live: () => null, ready: () => null, metrics: async () => 'up 1\n' };

async function get(port: number, path: string, method = 'GET') {
  const response = await fetch(`http://${HOST}:${port}${path}`, { method });
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
}

test('a process that is well answers 200, and its metrics', async () => {
  const probes = await startProbes(WELL);
  try {
    assert.equal((await get(probes.port, '/livez')).status, 200);
    assert.equal((await get(probes.port, '/readyz?verbose')).status, 200);
    assert.deepEqual(await get(probes.port, '/metrics'), {
      status: 200,
      text: 'up 1\n',
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
  } finally {
    await probes.close();
  }
});

test('a problem is 503 and says what it is, as soon as it is there and no longer', async () => {
  let problem: string | null = 'no site has joined';
  const probes = await startProbes({ ...WELL, ready: () => problem });
  try {
    const { status, text } = await get(probes.port, '/readyz');
    assert.deepEqual([status, text], [503, 'no site has joined\n']);
    assert.equal((await get(probes.port, '/livez')).status, 200);
    problem = null;
    assert.equal((await get(probes.port, '/readyz')).status, 200);
  } finally {
    await probes.close();
  }
});

test('a process that must be restarted is not ready either', async () => {
  const probes = await startProbes({ ...WELL, live: () => 'the training thread is gone' });
  try {
    assert.deepEqual(await Promise.all(['/livez', '/readyz'].map(async (path) => (await get(probes.port, path)).status)), [503, 503]);
  } finally {
    await probes.close();
  }
});

test('other paths and methods are refused, and a probe that throws is 500', async () => {
  const broken = async () => {
    throw new Error('no meter');
  };
  const probes = await startProbes({ ...WELL, metrics: broken });
  try {
    assert.equal((await get(probes.port, '/')).status, 404);
    assert.equal((await get(probes.port, '/livez', 'POST')).status, 405);
    assert.equal((await get(probes.port, '/livez', 'HEAD')).status, 200);
    assert.deepEqual(await get(probes.port, '/metrics').then(({ status, text }) => [status, text]), [500, '/metrics failed: no meter\n']);
  } finally {
    await probes.close();
  }
});

test('a port that is taken is named, and what to do', async () => {
  const first = await startProbes(WELL);
  try {
    await assert.rejects(
      startProbes({ ...WELL, port: first.port }),
      (error) =>
        error instanceof ProbePortTakenError &&
        error.exitCode === 2 &&
        error.message.startsWith(`${HOST}:${first.port} is taken by another process`),
    );
  } finally {
    await first.close();
  }
  await (await startProbes({ ...WELL, port: first.port })).close();
});

test('an address of another machine is named', async () => {
  await assert.rejects(
    startProbes({ ...WELL, host: '192.0.2.1' }),
    (error) => error instanceof ProbeAddressError && /192\.0\.2\.1:0 \(EADDRNOTAVAIL\)/.test(error.message),
  );
});

test('closing waits neither for clients that hold on nor for a scrape that hangs', { timeout: 10_000 }, async () => {
  const scraped = Promise.withResolvers<void>();
  const probes = await startProbes({
    ...WELL,
    metrics: () => {
      scraped.resolve();
      return new Promise(() => {});
    },
  });
  const silent = connect(probes.port, HOST).on('error', () => {});
  const hanging = request({ port: probes.port, host: HOST, path: '/metrics' }).on('error', () => {});
  hanging.end();
  await scraped.promise;
  const started = performance.now();
  await Promise.all([probes.close(), probes.close()]);
  assert.ok(performance.now() - started < 2000);
  silent.destroy();
});
