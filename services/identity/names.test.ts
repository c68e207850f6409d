import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sitePermissions } from '#wire';
import { parseAddresses } from './addresses.ts';
import { checkName, checkSiteName, parseLifetime } from './names.ts';

const aName = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const refused = (check: () => void) => {
  try {
    check();
    return false;
  } catch {
    return true;
  }
};

test('a name that is accepted is one token of a subject, and no wildcard', () => {
  const anything = fc.oneof(aName, fc.string(), fc.string({ unit: fc.constantFrom('a', '.', '*', '>', ' ', '-', '{', '\n', 'A', '\0') }));
  fc.assert(fc.property(anything, (name) => refused(() => checkName('the site', name)) || /^[a-z0-9-]{1,63}$/.test(name)));
  fc.assert(fc.property(aName, (name) => !refused(() => checkName('the site', name))));
});

test("two sites' permissions meet in nothing", () => {
  fc.assert(
    fc.property(aName, aName, (a, b) => {
      fc.pre(a !== b && ![a, b].some((name) => refused(() => checkSiteName(name))));
      const [ofA, ofB] = [sitePermissions('r', a), sitePermissions('r', b)];
      const overlap = (one: readonly string[], other: readonly string[]) => one.filter((x) => other.some((y) => meet(x, y)));
      assert.deepEqual(overlap(ofA.publish, ofB.publish), []);
      assert.deepEqual(overlap(ofA.subscribe, ofB.subscribe), []);
      assert.deepEqual(overlap(ofA.publish, [...ofA.subscribe, ...ofB.subscribe]), []);
    }),
  );
});

/** Whether a subject exists that both patterns match. */
function meet(one: string, other: string): boolean {
  const [a, b] = [one.split('.'), other.split('.')];
  for (let i = 0; ; i++) {
    if (a[i] === '>' || b[i] === '>') return a[i] !== undefined && b[i] !== undefined;
    if (a[i] === undefined || b[i] === undefined) return a[i] === b[i];
    if (a[i] !== b[i] && a[i] !== '*' && b[i] !== '*') return false;
  }
}

test('lifetimes are whole numbers of seconds, minutes, hours or days', () => {
  assert.deepEqual(['90s', '15m', '12h', '30d', '3650d'].map(parseLifetime), [90, 900, 43_200, 2_592_000, 315_360_000]);
  for (const text of ['', '30', 'd', '0d', '-1d', '1.5d', '1w', '30d ', '3651d', '99999999999d', '٣d']) {
    assert.throws(() => parseLifetime(text), { code: 'IDENTITY_LIFETIME' }, text);
  }
});

test('addresses give the ports to listen on and the names for the certificate', () => {
  assert.deepEqual(parseAddresses(['wss://Hub.Example.org', 'tls://hub.example.org:4443/', 'tls://[fd00::1]'], 7422), {
    servers: ['wss://hub.example.org:443', 'tls://hub.example.org:4443', 'tls://[fd00::1]:4222'],
    hosts: ['hub.example.org', 'fd00::1'],
    port: 4443,
    websocketPort: 443,
    leaf: 'tls://hub.example.org:7422',
    leafPort: 7422,
  });
  for (const url of [
    '',
    'hub',
    'hub:4222',
    'nats://hub',
    'tls://',
    'tls://user:pass@hub',
    'tls://hub/path',
    'tls://hub:99999',
    'tls://h"x',
    'tls://h%20x',
  ]) {
    assert.throws(() => parseAddresses([url], 7422), { code: 'IDENTITY_URL' }, url);
  }
});
