import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, Progress } from './progress.ts';

/** A progress display on a stream that keeps what is written, with a clock that is set by hand. */
function aProgress(stream: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const progress = new Progress({ ...stream, write: (text: string | Uint8Array) => written.push(String(text)) > 0 }, () => clock.ms);
  return { progress, written, clock };
}

test('into a file: a line every five seconds, and one at the end', () => {
  const { progress, written, clock } = aProgress();
  progress.start('training', 100);
  for (let done = 1; done <= 100; done++) {
    clock.ms = done * 200;
    progress.update(done, 'loss D 1.00');
  }
  assert.deepEqual(written, [
    'training: 25/100  5.00 it/s  loss D 1.00  15 s left\n',
    'training: 50/100  5.00 it/s  loss D 1.00  10 s left\n',
    'training: 75/100  5.00 it/s  loss D 1.00  5 s left\n',
    'training: 100/100  5.00 it/s  loss D 1.00\n',
  ]);
});

test('on a terminal: one bar that is redrawn at most ten times a second', () => {
  const { progress, written, clock } = aProgress({ isTTY: true, columns: 200 });
  progress.start('training', 1000);
  for (let done = 1; done < 1000; done++) {
    clock.ms = done * 10;
    progress.update(done);
  }
  assert.equal(written.length, 99);
  assert.ok(written.every((text) => text.startsWith('\r\x1b[2Ktraining ') && !text.includes('\n')));
  assert.match(written[49]!, /█{12}░{12} 500\/1000 {2}100 it\/s {2}5 s left$/);
  progress.update(1000);
  assert.match(written.at(-1)!, /█{24} 1000\/1000 {2}\S+ it\/s$/);
  progress.finish();
  progress.finish();
  assert.deepEqual(written.slice(-1), ['\n']);
  assert.equal(written.length, 101);
});

test('a bar never wraps: it is cut to the width of the terminal', () => {
  const { progress, written, clock } = aProgress({ isTTY: true, columns: 40 });
  progress.start('segmenter on the real images of a hospital', 10);
  clock.ms = 500;
  progress.update(5, 'a long detail');
  assert.equal(written[0]!.replace('\r\x1b[2K', '').length, 39);
});

test('the rate and the time left are those of this stage, not of what was done before a break', () => {
  const { progress, written, clock } = aProgress();
  clock.ms = 60_000;
  progress.start('training', 400, 300);
  clock.ms = 70_000;
  progress.update(320);
  assert.deepEqual(written, ['training: 320/400  2.00 it/s  40 s left\n']);
});

test('a line is said below the bar, which goes on after it', () => {
  const { progress, written, clock } = aProgress({ isTTY: true });
  progress.start('training', 10);
  progress.say('resuming after iteration 5');
  clock.ms = 200;
  progress.update(6);
  progress.say('stopping');
  assert.deepEqual([written[0], ...written.slice(2)], ['resuming after iteration 5\n', '\n', 'stopping\n']);
});

test('a new stage ends the bar of the one before', () => {
  const { progress, written, clock } = aProgress({ isTTY: true });
  progress.start('training', 10);
  clock.ms = 200;
  progress.update(6);
  progress.start('release', 3);
  assert.equal(written.at(-1), '\n');
});

test('durations are told in the two largest units', () => {
  assert.deepEqual([0.4, 45, 59.4, 59.6, 125, 3599.9, 11_520].map(duration), [
    '0 s',
    '45 s',
    '59 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 00 min',
    '3 h 12 min',
  ]);
});
