import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as semconv from '@opentelemetry/semantic-conventions/incubating';
import fc from 'fast-check';
import { ATTRIBUTES, errorCode, exported } from './attributes.ts';

const NAMES = new Set<string>(Object.values(ATTRIBUTES).map(({ name }) => name));

test('names outside of our own are those of the installed semantic conventions', () => {
  const known = new Set<unknown>(Object.values(semconv));
  for (const name of NAMES) assert.ok(name.startsWith('asyndgan.') || known.has(name), name);
});

test('an attribute leaves under its own name', () => {
  assert.deepEqual(exported({ site: 'a', iteration: 7, envelopeBytes: 10, code: 'WIRE_BUSY' }), {
    'asyndgan.site': 'a',
    'asyndgan.iteration': 7,
    'messaging.message.envelope.size': 10,
    'error.type': 'WIRE_BUSY',
  });
});

test('a name that is not listed does not leave', () => {
  assert.deepEqual(exported({ patient: 'x', file: 'y', 'asyndgan.site': 'a', constructor: 'z', __proto__: 'p' }), {});
});

test('a sentence, a path, an array and a number that is not finite do not leave under any name', () => {
  for (const value of [
    'Jane Doe',
    '/data/017.png',
    'a\nb',
    '',
    'x'.repeat(201),
    [1],
    new Float32Array(2),
    {},
    null,
    undefined,
    Number.NaN,
  ]) {
    assert.deepEqual(exported({ site: value }), {}, String(value));
  }
});

test('whatever is given, only listed names and plain values leave', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(ATTRIBUTES)), fc.string()), fc.anything()), (attributes) => {
      for (const [name, value] of Object.entries(exported(attributes))) {
        assert.ok(NAMES.has(name));
        assert.match(typeof value, /^(string|number|boolean)$/);
      }
    }),
  );
});

test('the code of an error is its own, its class without one, and never its message', () => {
  assert.equal(errorCode(Object.assign(new Error('patient 7'), { code: 'WIRE_CRC' })), 'WIRE_CRC');
  assert.equal(errorCode(Object.assign(new TypeError('patient 7'), { code: 'patient 7' })), 'TypeError');
  assert.equal(errorCode('patient 7'), 'INTERNAL');
  assert.equal(errorCode(null), 'INTERNAL');
});
