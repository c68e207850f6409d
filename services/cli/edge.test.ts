import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportError } from './edge.ts';
import { UnsupportedFeatureError } from './errors.ts';

function report(error: unknown): { code: number; shown: string } {
  const lines: string[] = [];
  const code = reportError(error, (line) => lines.push(line));
  return { code, shown: lines.join('\n') };
}

class DeclaredError extends Error {
  readonly code = 'SITE_ON_FIRE';
  readonly exitCode = 2;
}

test('a declared error is its code and message, without a stack', () => {
  assert.deepEqual(report(new DeclaredError('the scanner burns: put it out')), {
    code: 2,
    shown: 'error SITE_ON_FIRE: the scanner burns: put it out',
  });
});

test('a message of several lines is indented', () => {
  const { code, shown } = report(new UnsupportedFeatureError('a.yaml', ['spec.a: later', 'spec.b: later']));
  assert.equal(code, 2);
  assert.deepEqual(shown.split('\n').slice(1), ['            spec.a: later', '            spec.b: later']);
});

test('a full disk is told with the file, and is no fault of the program', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write', path: 'out/a.ckpt' });
  const { code, shown } = report(full);
  assert.equal(code, 2);
  assert.match(shown, /^error DISK_FULL: .*\(out\/a\.ckpt\).*--resume$/);
  assert.match(report(Object.assign(full, { path: undefined })).shown, /^error DISK_FULL: the disk is full: make room/);
});

test('anything else is a fault of the program, with its stack', () => {
  const { code, shown } = report(new TypeError('x is not a function'));
  assert.equal(code, 1);
  assert.match(shown, /^error INTERNAL: .*please report it\nTypeError: x is not a function\n {4}at /);
  for (const undeclared of [
    Object.assign(new Error('denied'), { code: 'EACCES', syscall: 'open' }),
    Object.assign(new Error('no exit code'), { code: 'SOME_CODE' }),
    new DOMException('aborted', 'AbortError'),
    'a text',
    null,
  ])
    assert.match(report(undeclared).shown, /^error INTERNAL/);
});
