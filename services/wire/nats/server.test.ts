import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { NATS_SERVERS, WITHOUT_NATS } from '../../../test/wire/nats-server.ts';
import { findNatsServer, startNatsServer } from './server.ts';

const { binary } = NATS_SERVERS[0];

test('finding - the named one, else the one on PATH; a named one that is none is an error', (t) => {
  const folder = aFolder(t);
  const own = path.join(folder, 'nats-server');
  writeFileSync(own, '');
  assert.notEqual(
    attempt(() => findNatsServer({ PATH: folder })),
    own,
    'it cannot be executed',
  );
  chmodSync(own, 0o755);
  assert.equal(findNatsServer({ PATH: `/nonexistent:${folder}` }), own);
  assert.equal(findNatsServer({ PATH: '/nonexistent', ASYNDGAN_NATS_SERVER: own }), own);
  assert.throws(() => findNatsServer({ PATH: folder, ASYNDGAN_NATS_SERVER: '/nonexistent/nats' }), {
    code: 'WIRE_NATS_SERVER',
    message: /ASYNDGAN_NATS_SERVER is \/nonexistent\/nats/,
  });
});

test('starting - on this machine only, with room for tensors; two at once do not collide; it ends', { skip: WITHOUT_NATS }, async () => {
  const [one, two] = await Promise.all([startNatsServer({ binary }), startNatsServer({ binary })]);
  try {
    assert.notEqual(one.port, two.port);
    assert.match(one.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
    assert.match(one.log(), /Server is ready/);
    const { connect } = await import('@nats-io/transport-node');
    const connection = await connect({ servers: one.url });
    assert.equal(connection.info?.max_payload, 8 * 2 ** 20);
    await connection.close();
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
  await one.stop();
  assert.throws(() => process.kill(one.pid, 0), { code: 'ESRCH' });
});

test('starting - a configuration that is wrong ends with what the server says of it', { skip: WITHOUT_NATS }, async () => {
  await assert.rejects(startNatsServer({ binary, config: 'max_payload: lots' }), {
    code: 'WIRE_NATS_SERVER',
    message: /did not start:\n.*nats-server\.conf:\d+/s,
  });
  await assert.rejects(startNatsServer({ binary: '/nonexistent/nats-server' }), { code: 'WIRE_NATS_SERVER', message: /ENOENT/ });
});

function attempt(find: () => string): string | null {
  try {
    return find();
  } catch {
    return null;
  }
}

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'nats-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
