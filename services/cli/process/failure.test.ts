import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NatsAuthError, NatsUnreachableError, WireTimeoutError } from '#wire';
import { SettingError } from '../errors.ts';
import { failureOf } from './failure.ts';

/** As rooms declare their errors, which have no exit codes of their own. */
const declared = (code: string): Error => Object.assign(new Error(`what ${code} says`), { code, exitCode: 2 });

const DECLARED: readonly (readonly [Error, number])[] = [
  [new SettingError('ASYNDGAN_THREADS', 'two', 'a number'), 2],
  [new NatsAuthError('refused'), 2],
  [declared('DATASET_UNREADABLE'), 4],
  [declared('SITE_HUB_LOST'), 5],
  [new NatsUnreachableError('no answer'), 5],
  [new WireTimeoutError('work'), 5],
  [declared('HUB_NO_QUORUM'), 7],
];

for (const [error, exitCode] of DECLARED)
  test(`${(error as { code?: string }).code} ends a process with ${exitCode}, its message and no stack`, () => {
    const failure = failureOf(error);
    assert.deepEqual(failure, { code: failure.code, message: error.message, exitCode });
  });

for (const message of ['OOM when allocating tensor', 'RESOURCE_EXHAUSTED: failed', 'Array buffer allocation failed'])
  test(`"${message}" is a lack of memory`, () => {
    assert.deepEqual(failureOf(new Error(message)), { code: 'OUT_OF_MEMORY', message, exitCode: 6 });
  });

test('a worker thread without memory is told as such', () => {
  assert.equal(failureOf(Object.assign(new Error('Worker terminated'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })).exitCode, 6);
});

test('anything else is a fault of the program, with its stack where it has one', () => {
  const error = new TypeError('x is not a function');
  assert.deepEqual(failureOf(error), { code: 'INTERNAL', message: error.message, exitCode: 1, stack: error.stack });
  assert.equal(failureOf('a text').message, 'a text');
  assert.equal(failureOf(Object.assign(new Error('no exit code'), { code: 'EACCES' })).exitCode, 1);
});
