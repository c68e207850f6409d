/** `asyndgan enroll` as its user meets it: no server is needed here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { access, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EnrolOptions, enrolSite, type InitOptions, initFederation, listMembers, renew, revoke } from '#identity';
import { asyndgan, temporaryFolder } from '../cli/asyndgan.ts';

const enroll = (...args: string[]) => asyndgan(['enroll', ...args]);

async function aFederation(t: TestContext, ...options: string[]): Promise<string> {
  const directory = join(await temporaryFolder(t), 'federation');
  const { code, stderr } = await enroll('init', '--dir', directory, ...options);
  assert.equal(code, 0, stderr);
  return directory;
}

test('init, site, renew, revoke and show, one after the other', async (t) => {
  const dir = await aFederation(t, '--url', 'tls://hub.example.org', 'wss://hub.example.org');
  assert.equal((await enroll('site', 'hospital-a', '--dir', dir, '--run', 'run-1', 'run-2', '--expires', '12h')).code, 0);
  assert.equal((await enroll('site', 'hospital-b', '--dir', dir)).code, 0);
  const creds = join(dir, 'bundles', 'hospital-a', 'hospital-a.creds');
  const before = await readFile(creds, 'utf8');
  assert.equal((await enroll('renew', 'hospital-a', '--dir', dir)).code, 0);
  assert.notEqual(await readFile(creds, 'utf8'), before);
  assert.match((await enroll('revoke', 'hospital-b', '--dir', dir)).stdout, /restart the server, or repeat this with --server/);
  const { stdout } = await enroll('show', '--dir', dir);
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).filter((_, column) => column !== 3)),
    [
      ['NAME', 'ROLE', 'STATE', 'RUNS'],
      ['hospital-a', 'site', 'valid', 'run-1,run-2'],
      ['hospital-b', 'site', 'revoked', '*'],
      ['hub', 'hub', 'valid', '*'],
      ['system', 'system', 'valid', '*'],
    ],
  );
  assert.match((await enroll('renew', 'hospital-b', '--dir', dir)).stderr, /IDENTITY_REVOKED: hospital-b/);
  assert.equal((await enroll('site', 'hospital-b', '--dir', dir)).code, 0);
});

test("the bundle names the server's public addresses, and says nothing of this machine", async (t) => {
  const dir = await aFederation(t, '--url', 'tls://hub.example.org', 'wss://hub.example.org', '--leaf-port', '7000');
  await enroll('site', 'hospital-a', '--dir', dir);
  const bundle = join(dir, 'bundles', 'hospital-a');
  assert.deepEqual((await readdir(bundle)).sort(), ['ca.pem', 'connection.json', 'hospital-a.creds', 'leaf.conf']);
  const connection = JSON.parse(await readFile(join(bundle, 'connection.json'), 'utf8'));
  assert.deepEqual(connection.servers, ['tls://hub.example.org:4222', 'wss://hub.example.org:443']);
  assert.match(await readFile(join(bundle, 'leaf.conf'), 'utf8'), /urls: \["tls:\/\/hub\.example\.org:7000"\]/);
  for (const file of await readdir(bundle)) assert.equal((await readFile(join(bundle, file), 'utf8')).includes(dir), false, file);
});

test('only their owner can read files with private keys', async (t) => {
  const dir = await aFederation(t, '--mtls');
  await enroll('site', 'a', '--dir', dir);
  const secrets = [];
  for (const file of await readdir(dir, { recursive: true })) {
    const path = join(dir, file);
    const status = await stat(path);
    if (!status.isFile() || !/PRIVATE KEY|NKEY SEED|^S[A-Z0-9]{50,}\s*$/m.test(await readFile(path, 'utf8'))) continue;
    assert.equal(status.mode & 0o777, 0o600, file);
    secrets.push(file);
  }
  assert.deepEqual(secrets.sort(), [
    'bundles/a/a.creds',
    'bundles/a/client.pem',
    'bundles/hub/client.pem',
    'bundles/hub/hub.creds',
    'bundles/system/client.pem',
    'bundles/system/system.creds',
    'keys/accounts.seed',
    'keys/authority.key',
    'keys/hub.seed',
    'keys/site.seed',
    'keys/system.seed',
    'offline/operator.seed',
    'server/server.key',
  ]);
});

test('the certificates are for their purpose, and openssl finds them sound', async (t) => {
  const dir = await aFederation(t, '--mtls', '--url', 'tls://hub.example.org', 'tls://[::1]:4222', 'tls://10.0.0.7:4222');
  const verify = (purpose: string, file: string) =>
    execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', join(dir, 'server/ca.pem'), join(dir, file)], {
      stdio: 'pipe',
    });
  verify('sslserver', 'server/server.pem');
  verify('sslclient', 'bundles/hub/client.pem');
  assert.throws(() => verify('sslserver', 'bundles/hub/client.pem'));
  const text = execFileSync('openssl', ['x509', '-noout', '-ext', 'subjectAltName', '-in', join(dir, 'server/server.pem')], {
    encoding: 'utf8',
  });
  assert.match(text, /DNS:hub\.example\.org, IP Address:0:0:0:0:0:0:0:1, IP Address:10\.0\.0\.7/);
});

test('given certificates are used where they lie, and openssl is not asked', async (t) => {
  const other = await aFederation(t);
  const [cert, key, ca] = ['server.pem', 'server.key', 'ca.pem'].map((file) => join(other, 'server', file)) as [string, string, string];
  const dir = await aFederation(t, '--tls-cert', cert, '--tls-key', key, '--tls-ca', ca);
  assert.match(await readFile(join(dir, 'server', 'nats-server.conf'), 'utf8'), new RegExp(`cert_file: "${cert}"`));
  assert.equal(await readFile(join(dir, 'bundles', 'hub', 'ca.pem'), 'utf8'), await readFile(ca, 'utf8'));
  await assert.rejects(access(join(dir, 'keys', 'authority.key')));
  const trustedByAll = await aFederation(t, '--tls-cert', cert, '--tls-key', key);
  assert.deepEqual((await readdir(join(trustedByAll, 'bundles', 'hub'))).sort(), ['connection.json', 'hub.creds']);
  assert.match((await enroll('renew', 'server', '--dir', dir)).stderr, /IDENTITY_CERTIFICATE_GIVEN/);
});

test('renewing after the signing key was lost, or while another command is at work, says what to do', async (t) => {
  const dir = await aFederation(t);
  await writeFile(join(dir, 'federation.json.lock'), '1');
  assert.match((await enroll('renew', 'hub', '--dir', dir)).stderr, /IDENTITY_LOCKED: .*delete that file if none is/s);
  await rm(join(dir, 'federation.json.lock'));
  await rm(join(dir, 'keys', 'hub.seed'));
  assert.match((await enroll('renew', 'hub', '--dir', dir)).stderr, /IDENTITY_KEY_MISSING: .*hub\.seed/s);
  await writeFile(join(dir, 'federation.json'), '{"version": 2}');
  assert.match((await enroll('show', '--dir', dir)).stderr, /IDENTITY_REGISTER_DAMAGED: .*federation\.json/s);
});

test('mistakes are told, and leave nothing behind', async (t) => {
  const parent = await temporaryFolder(t);
  const [dir, free] = [join(parent, 'federation'), join(parent, 'new')];
  const now = new Date();
  const init = (change: Partial<InitOptions>) =>
    initFederation(
      {
        directory: free,
        name: 'trial',
        urls: ['tls://localhost'],
        leafPort: 7422,
        expires: '1d',
        mutualTls: false,
        tls: undefined,
        ...change,
      },
      now,
    );
  const site = (name: string, change: Partial<EnrolOptions> = {}) =>
    enrolSite({ directory: dir, name, runs: ['*'], expires: '1d', folder: undefined, ...change }, now);
  await init({ directory: dir });
  await site('hospital-a');
  const before = await readFile(join(dir, 'federation.json'), 'utf8');
  const noFiles = { certificate: 'no.pem', key: 'no.key', authority: undefined };
  const mistakes: [() => Promise<unknown>, string, RegExp][] = [
    [() => init({ directory: dir }), 'IDENTITY_DIRECTORY_TAKEN', /federation is not empty/],
    [() => init({ name: 'My Study' }), 'IDENTITY_NAME', /the federation "My Study"/],
    [() => init({ urls: ['nats://hub.example.org'] }), 'IDENTITY_URL', /"nats:\/\/hub\.example\.org"/],
    [() => init({ urls: ['wss://hub.example.org'] }), 'IDENTITY_URL', /no tls:\/\//],
    [() => init({ expires: '1 year' }), 'IDENTITY_LIFETIME', /"1 year"/],
    [() => init({ directory: join(dir, 'federation.json') }), 'IDENTITY_UNWRITABLE', /federation\.json cannot be written \(ENOTDIR\)/],
    [() => init({ tls: noFiles, mutualTls: true }), 'IDENTITY_MUTUAL_TLS', /--tls-ca/],
    [() => init({ tls: noFiles }), 'IDENTITY_GIVEN_FILE', /no\.(pem|key)/],
    [() => site('Hospital_A'), 'IDENTITY_NAME', /the site "Hospital_A"/],
    [() => site('all'), 'IDENTITY_NAME', /has a name that is taken/],
    [() => site('hub'), 'IDENTITY_NAME', /has a name that is taken/],
    [() => site('hospital-b', { runs: ['run.1'] }), 'IDENTITY_NAME', /the run "run\.1"/],
    [() => site('hospital-b', { expires: '0d' }), 'IDENTITY_LIFETIME', /"0d"/],
    [() => site('hospital-b', { folder: dir }), 'IDENTITY_FILE_TAKEN', /hospital-b\.creds/],
    [() => site('hospital-b', { directory: free }), 'IDENTITY_NO_FEDERATION', /enroll init/],
    [() => site('hospital-a'), 'IDENTITY_EXISTS', /enroll renew hospital-a/],
    [
      () => renew({ directory: dir, name: 'hospital-c', expires: '1d', folder: undefined }, now),
      'IDENTITY_UNKNOWN',
      /hospital-a, hub, system/,
    ],
    [() => revoke(dir, 'hospital-c', now), 'IDENTITY_UNKNOWN', /hospital-a, hub, system/],
    [() => revoke(dir, '__proto__', now), 'IDENTITY_UNKNOWN', /__proto__/],
    [() => listMembers(free, now), 'IDENTITY_NO_FEDERATION', /enroll init/],
  ];
  for (const [mistake, code, message] of mistakes) await assert.rejects(mistake, { code, message, exitCode: 2 }, `${code} ${message}`);
  assert.equal(await readFile(join(dir, 'federation.json'), 'utf8'), before);
  assert.deepEqual(await readdir(parent), ['federation']);
});

test('the command shows mistakes in one way', async (t) => {
  const dir = join(await temporaryFolder(t), 'federation');
  const half = await enroll('init', '--dir', dir, '--tls-cert', 'server.pem');
  assert.match(half.stderr, /^error CLI_HALF_A_CERTIFICATE: --tls-cert and --tls-key belong together/);
  const missing = await enroll('show', '--dir', dir);
  assert.match(missing.stderr, /^error IDENTITY_NO_FEDERATION: /);
  assert.deepEqual([half.code, missing.code], [2, 2]);
});

test('a revocation that no server takes is kept all the same, and told by the exit code of a server that is not there', async (t) => {
  const dir = await aFederation(t);
  await enroll('site', 'hospital-a', '--dir', dir);
  const { code, stderr } = await enroll('revoke', 'hospital-a', '--dir', dir, '--server', 'tls://127.0.0.1:1');
  assert.equal(code, 5);
  assert.match(stderr, /^error IDENTITY_PUSH: tls:\/\/127\.0\.0\.1:1 has not taken the change .*repeat the command/);
  assert.match((await enroll('show', '--dir', dir)).stdout, /hospital-a\s+site\s+revoked/);
});
