import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder, entryFor, makeEntry } from '../scripts/setup/cache.mjs';
import { withTreeLock } from '../scripts/setup/lock.mjs';
import { setUpNatsServers } from '../scripts/setup/nats.mjs';
import { packagesAreInstalled } from '../scripts/setup/packages.mjs';
import { NATS_SERVERS, wheelsFor } from '../scripts/setup/pins.mjs';
import { checkPrerequisites, describeMachine } from '../scripts/setup/prerequisites.mjs';

test('cache - an entry appears whole, and other inputs make another entry', (t) => {
  const cache = folder(t);
  const entry = entryFor(cache, 'addon', ['flags']);
  makeEntry(entry, (draft) => writeFileSync(path.join(draft, 'a'), '1'));
  assert.equal(readFileSync(path.join(entry, 'a'), 'utf8'), '1');
  assert.deepEqual(readdirSync(cache), [path.basename(entry)]);
  assert.notEqual(entryFor(cache, 'addon', ['other flags']), entry);
});

test('cache - a build that fails leaves nothing behind', (t) => {
  const cache = folder(t);
  const build = (draft: string) => {
    writeFileSync(path.join(draft, 'half'), '');
    throw new Error('no network');
  };
  assert.throws(() => makeEntry(path.join(cache, 'addon'), build), /no network/);
  assert.deepEqual(readdirSync(cache), []);
});

test('cache - the drafts of a killed set-up are removed, those of a running one are not', (t) => {
  const cache = folder(t);
  const running = `draft-${process.pid}-abc`;
  for (const name of [`draft-${deadProcess()}-abc`, running]) mkdirSync(path.join(cache, name));
  makeEntry(path.join(cache, 'addon'), () => {});
  assert.deepEqual(readdirSync(cache).sort(), ['addon', running]);
});

test('cache - of two set-ups at once the first one wins and the second one goes on with it', (t) => {
  const cache = folder(t);
  const entry = path.join(cache, 'addon');
  makeEntry(entry, (draft) => {
    makeEntry(entry, (other) => writeFileSync(path.join(other, 'first'), ''));
    writeFileSync(path.join(draft, 'second'), '');
  });
  assert.deepEqual(readdirSync(entry), ['first']);
  assert.deepEqual(readdirSync(cache), ['addon']);
});

test('cache - XDG_CACHE_HOME moves it, unless it is relative', () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/elsewhere' }), '/elsewhere/asyndgan');
  assert.equal(cacheFolder({ XDG_CACHE_HOME: 'elsewhere' }), cacheFolder({}));
});

test('lock - the lock of a dead process is taken over, and given back after the work', async (t) => {
  const cache = folder(t);
  const lock = `${entryFor(cache, 'tree', cache)}.lock`;
  writeFileSync(lock, String(deadProcess()));
  let held = '';
  await withTreeLock(
    cache,
    cache,
    () => assert.fail('nobody to wait for'),
    () => {
      held = readFileSync(lock, 'utf8');
    },
  );
  assert.equal(held, String(process.pid));
  assert.equal(existsSync(lock), false);
});

test('lock - a set-up waits for the one that works on the same tree', async (t) => {
  const cache = folder(t);
  const lock = `${entryFor(cache, 'tree', cache)}.lock`;
  writeFileSync(lock, String(process.pid));
  const events: string[] = [];
  await withTreeLock(
    cache,
    cache,
    (holder) => {
      events.push(`waits for ${holder}`);
      rmSync(lock);
    },
    () => events.push('works'),
  );
  assert.deepEqual(events, [`waits for ${process.pid}`, 'works']);
});

const wanted = { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/mac': { version: '2.0.0', optional: true } };
const installations = [
  { name: 'nothing installed', installed: undefined, complete: false },
  { name: 'all installed but a package for another platform', installed: { 'node_modules/a': wanted['node_modules/a'] }, complete: true },
  { name: 'a package missing', installed: { 'node_modules/mac': wanted['node_modules/mac'] }, complete: false },
  { name: 'another version', installed: { 'node_modules/a': { version: '1.0.1', integrity: 'y' } }, complete: false },
  { name: 'other content under the same version', installed: { 'node_modules/a': { version: '1.0.0', integrity: 'y' } }, complete: false },
];
for (const { name, installed, complete } of installations) {
  test(`packages - ${name} is ${complete ? 'complete' : 'not complete'}`, (t) => {
    const root = folder(t);
    writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }));
    mkdirSync(path.join(root, 'node_modules'));
    if (installed) writeFileSync(path.join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    assert.equal(packagesAreInstalled(root), complete);
  });
}

test('pins - every processor has a CPU build, x86_64 has CUDA, and each wheel is pinned', () => {
  assert.deepEqual(names('x86_64', 'cpu'), ['tensorflow-cpu']);
  assert.deepEqual(names('aarch64', 'cpu'), ['tensorflow']);
  assert.equal(names('x86_64', 'gpu').length, 12);
  assert.deepEqual(names('aarch64', 'gpu'), []);
  for (const { name, sha256 } of wheelsFor('x86_64', 'gpu')) assert.match(sha256, /^[0-9a-f]{64}$/, name);
});

const goes = [
  { name: 'no Go: it goes on and says what is missed', go: null, expect: /^left out, because there is no Go: tests/ },
  {
    name: 'a build that fails: it goes on',
    go: 'case $1 in version) ;; *) echo no network >&2; exit 1;; esac',
    expect: /cannot be built.*no network/s,
  },
];
for (const { name, go, expect } of goes) {
  test(`nats-server - ${name}`, (t) => {
    const cache = folder(t);
    useGo(t, go);
    assert.match(String(setUpNatsServers(cache, cache)), expect);
    assert.deepEqual(
      readdirSync(cache).filter((file) => file.startsWith('nats')),
      [],
    );
  });
}

test('nats-server - a source with another sum than the pinned one is refused', (t) => {
  const cache = folder(t);
  useGo(t, 'echo "\tmod\tgithub.com/nats-io/nats-server/v2\tv2.15.1\th1:other="');
  assert.throws(() => setUpNatsServers(cache, cache), { code: 'SETUP_NATS', message: /v2\.15\.1 is not the pinned one/ });
});

test('nats-server - built once, then found; the commands lie in node_modules/.bin', (t) => {
  const cache = folder(t);
  mkdirSync(path.join(cache, 'node_modules/.bin'), { recursive: true });
  const sums = NATS_SERVERS.map(({ version, sum }) => `\\tgithub.com/nats-io/nats-server/v2\\t${version}\\t${sum}`).join('\\n');
  useGo(t, `if [ $1 = install ]; then touch $GOBIN/nats-server; else printf '${sums}'; fi`);
  assert.equal(setUpNatsServers(cache, cache), 'built v2.15.1, v2.9.10');
  assert.equal(setUpNatsServers(cache, cache), false);
  for (const { command } of NATS_SERVERS) assert.ok(existsSync(path.join(cache, 'node_modules/.bin', command)));
});

test('prerequisites - an unknown ASYNDGAN_TENSORFLOW is refused with the choices', () => {
  assert.throws(() => describeMachine({ ASYNDGAN_TENSORFLOW: 'tpu' }), { code: 'SETUP_FLAVOUR', message: /"tpu": set it to cpu or gpu/ });
});

test('prerequisites - only what the remaining steps need is asked for, and all of it is named at once', (t) => {
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = '/nonexistent';
  const cache = tmpdir();
  checkPrerequisites({ packages: false, libraries: false, addon: false }, 'cpu', cache);
  assert.throws(() => checkPrerequisites({ packages: false, libraries: false, addon: true }, 'cpu', cache), {
    code: 'SETUP_MISSING',
    message: /^please install or provide: g\+\+ [^;]*$/,
  });
  assert.throws(() => checkPrerequisites({ packages: true, libraries: true, addon: true }, 'cpu', cache), /npm .*python3 with pip .*g\+\+/);
});

function names(...machine: Parameters<typeof wheelsFor>): string[] {
  return wheelsFor(...machine).map(({ name }) => name);
}

/** Makes `go` on PATH a shell script, or takes it away. */
function useGo(t: TestContext, script: string | null): void {
  const before = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = before;
  });
  const bin = folder(t);
  if (script !== null) writeFileSync(path.join(bin, 'go'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = script === null ? bin : `${bin}:/usr/bin:/bin`;
}

function deadProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'setup-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}
