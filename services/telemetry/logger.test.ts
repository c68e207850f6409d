import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogFields } from './log-record.ts';
import { createLogger, type LoggerOptions, type LogRecord } from './logger.ts';

const NOON = Date.UTC(2026, 0, 2, 12, 0, 0);
const IDS = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

function aLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line), now: () => NOON, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) };
}

test('a line is one JSON object: time, level, message, fields, trace ids', () => {
  const { logger, lines } = aLogger({ fields: { service: 'asyndgan-generator' }, sink: { ids: () => IDS, forward: () => {} } });
  logger.with({ site: 'a' }).warn('the site answered late', { seconds: 2.5, missing: undefined });
  assert.deepEqual(lines, [
    '{"time":"2026-01-02T12:00:00.000Z","level":"warn","message":"the site answered late","service":"asyndgan-generator","site":"a",' +
      `"seconds":2.5,"trace_id":"${IDS.traceId}","span_id":"${IDS.spanId}"}`,
  ]);
});

test('lines below the level are neither written nor forwarded', () => {
  const forwarded: LogRecord[] = [];
  const { logger, lines } = aLogger({ level: 'warn', sink: { ids: () => undefined, forward: (record) => forwarded.push(record) } });
  logger.debug('no');
  logger.info('no');
  logger.warn('yes');
  logger.error('yes');
  assert.equal(lines.length, 2);
  assert.deepEqual(
    forwarded.map(({ level }) => level),
    ['warn', 'error'],
  );
});

test('whatever the fields are, a line is one line of JSON and says the true time, level and message', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('time', 'level', 'message')), fc.anything()),
      fc.string(),
      (fields, text) => {
        const { logger, lines, last } = aLogger();
        logger.info(text, fields as LogFields);
        assert.ok(!lines[0]!.includes('\n'));
        const { time, level, message } = last();
        assert.deepEqual([time, level, message], [new Date(NOON).toISOString(), 'info', text]);
      },
    ),
  );
});

test('pixels are never written, only what they are in', () => {
  const { logger, last } = aLogger();
  const pixels = { image: new Float32Array([0.125, 0.25]), bytes: Buffer.from('patient'), list: [0.125], nested: { data: [0.125] } };
  logger.info('bad call', pixels as unknown as LogFields);
  const { image, bytes, list, nested } = last();
  assert.deepEqual([image, bytes, list, nested], ['[Float32Array of 2]', '[Buffer of 7]', '[Array of 1]', '[Object]']);
});

test('numbers that JSON lacks and texts that are too long are still told', () => {
  const { logger, last } = aLogger();
  logger.info('odd', { loss: Number.NaN, big: 10n ** 20n, long: 'x'.repeat(5000) });
  assert.equal(last().loss, 'NaN');
  assert.equal(last().big, '100000000000000000000');
  assert.match(last().long, /^x{2000}\.\.\. \(5000 characters\)$/);
});

test('an error is its code and message; the stack is for faults in asyndgan', () => {
  const { logger, last } = aLogger();
  const lost = Object.assign(new Error('no hub'), { code: 'ECONNREFUSED', syscall: 'connect' });
  const foreseen = Object.assign(new Error('no answer', { cause: lost }), { code: 'WIRE_TIMEOUT', exitCode: 2 });
  logger.error('gave up', { error: foreseen });
  assert.deepEqual(last().error, {
    code: 'WIRE_TIMEOUT',
    message: 'no answer',
    cause: { code: 'ECONNREFUSED', message: 'no hub' },
  });
  logger.error('fell over', { error: new TypeError('x is undefined') });
  assert.equal(last().error.code, 'INTERNAL');
  assert.match(last().error.stack, /logger\.test\.ts/);
});

test('causes that go in a circle end', () => {
  const { logger, lines } = aLogger();
  const error = new Error('round');
  error.cause = error;
  logger.error('and round', { error });
  assert.equal(lines[0]!.match(/"message":"round"/g)?.length, 4);
});

test('text for a terminal is one line for people', () => {
  const { logger, lines } = aLogger({ format: 'text' });
  const error = Object.assign(new Error('late'), { code: 'WIRE_TIMEOUT', exitCode: 2 });
  logger.warn('site is late', { site: 'a', why: 'slow link', nothing: undefined, error });
  logger.info('started');
  assert.deepEqual(lines, ['12:00:00 warn  site is late site=a why="slow link" error=WIRE_TIMEOUT (late)', '12:00:00 info  started']);
});

test('text of others cannot steer the terminal or look like another line', () => {
  const { logger, lines } = aLogger({ format: 'text' });
  const error = Object.assign(new Error('\u001b[2Jgone\n12:00:00 info  all is well'), { code: 'WIRE_REMOTE', exitCode: 2 });
  logger.warn('refused\r\n', { error, site: 'a\u001b[31m', why: 'a b\u009b31m' });
  assert.doesNotMatch(lines[0]!, /\p{Cc}/u);
});
