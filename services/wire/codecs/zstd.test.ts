import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compress, decompress } from './zstd.ts';

const NOISE = new Uint8Array(randomBytes(1000));

test('keeps a frame only where it is smaller', () => {
  const zeros = new Uint8Array(1000);
  const frame = compress(zeros);
  assert.ok(frame && frame.length < 50);
  assert.deepEqual(new Uint8Array(decompress(frame, 1000)), zeros);
  assert.equal(compress(NOISE), null);
  assert.equal(compress(Uint8Array.of(1)), null);
});

test('a decompression bomb is stopped at the promised size', () => {
  const bomb = zstdCompressSync(new Uint8Array(64 * 2 ** 20));
  assert.ok(bomb.length < 10_000, 'the bomb is small');
  const before = process.memoryUsage().arrayBuffers;
  assert.throws(() => decompress(bomb, 1000), { code: 'WIRE_BOUNDS' });
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
});

test('a frame that asks for a large window is refused', () => {
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 };
  const greedy = zstdCompressSync(new Uint8Array(2 ** 23), { params });
  assert.equal(zstdDecompressSync(greedy).length, 2 ** 23, 'the frame itself is sound');
  assert.throws(() => decompress(greedy, 2 ** 23), { code: 'WIRE_ENCODING' });
});

test('too few bytes, no frame, half a frame and nothing are refused', () => {
  const frame = zstdCompressSync(new Uint8Array(1000));
  assert.throws(() => decompress(frame, 1001), { code: 'WIRE_BOUNDS' });
  for (const bytes of [NOISE, frame.subarray(0, frame.length - 2), new Uint8Array(0)]) {
    assert.throws(() => decompress(bytes, 1000), { code: 'WIRE_ENCODING' });
  }
});
