import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from './settings.ts';

test('an empty environment gives the documented defaults', () => {
  assert.deepEqual(readSettings({}), {
    servers: ['nats://127.0.0.1:4222'],
    credentials: null,
    tls: { ca: null, cert: null, key: null },
    run: null,
    state: null,
    data: null,
    threads: null,
    shards: null,
    http: { port: 8080, host: '0.0.0.0' },
    graceSeconds: 25,
    logFormat: null,
    logLevel: 'info',
  });
});

test('several servers are separated by commas; an empty variable counts as absent; port -1 turns the probes off', () => {
  const settings = readSettings({ ASYNDGAN_NATS_URL: 'tls://a:4222, tls://b:4222', ASYNDGAN_RUN: '', ASYNDGAN_HTTP_PORT: '-1' });
  assert.deepEqual(settings.servers, ['tls://a:4222', 'tls://b:4222']);
  assert.equal(settings.run, null);
  assert.equal(settings.http, null);
});

const WRONG: readonly (readonly [Record<string, string>, RegExp])[] = [
  [{ ASYNDGAN_THREADS: 'two' }, /ASYNDGAN_THREADS=two: a whole number from 1 to 1024/],
  [{ ASYNDGAN_THREADS: '0' }, /ASYNDGAN_THREADS=0/],
  [{ ASYNDGAN_LOG_LEVEL: 'loud' }, /ASYNDGAN_LOG_LEVEL=loud: debug or info or warn or error/],
  [{ ASYNDGAN_RUN: 'Run_1' }, /ASYNDGAN_RUN=Run_1: 1 to 63 of a-z/],
  [{ ASYNDGAN_NATS_CERT: 'a.pem' }, /ASYNDGAN_NATS_CERT=a.pem: .*ASYNDGAN_NATS_KEY/],
];

for (const [env, message] of WRONG) {
  test(`${Object.entries(env)[0]!.join('=')} is refused with what is needed`, () => {
    assert.throws(() => readSettings(env), { code: 'CLI_SETTING', exitCode: 2, message });
  });
}
