import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireBoundsError } from './errors.ts';
import { FEEDBACK_CODECS, IMAGE_CODECS } from './messages.ts';
import { classSection, floatSection, jsonSection, readClasses, readFloats, readJson } from './sections.ts';

const ENCODINGS = [...new Set([...IMAGE_CODECS, ...FEEDBACK_CODECS])];
const image = (shape: readonly number[]) => {
  const size = shape.reduce((product, side) => product * side, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => Math.tanh(Math.sin(i / 50) * 1.5)) };
};

test('Float32 is exact for every finite value', () => {
  fc.assert(
    fc.property(
      fc.float32Array({ minLength: 1, maxLength: 64, noNaN: true, max: Math.fround(1.7e38), min: Math.fround(-1.7e38) }),
      (data) => {
        const { data: again } = readFloats(floatSection('x', { shape: [data.length], data }, 'Float32'));
        assert.deepEqual(Buffer.from(again.buffer), Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      },
    ),
  );
});

test('each encoding comes back within its error and smaller than float32', () => {
  const tensor = image([2, 16, 16, 3]);
  const error = { UInt8: 1 / 255, Float16: 2 ** -11, Int8: 1 / 127, Float32: 0 };
  const bytesPerValue = { UInt8: 1, Float16: 2, Int8: 1.02, Float32: 4 };
  for (const encoding of ENCODINGS) {
    const section = floatSection('x', tensor, encoding);
    const again = readFloats(section);
    assert.deepEqual(again.shape, tensor.shape);
    tensor.data.forEach((value, i) => {
      assert.ok(Math.abs(again.data[i]! - value) <= error[encoding] * 1.0001, `${encoding}: ${value} became ${again.data[i]}`);
    });
    assert.ok(section.header.bytes <= bytesPerValue[encoding] * tensor.data.length, `${encoding}: ${section.header.bytes} bytes`);
  }
});

test('what is decoded owns its memory: a later change of the message does not reach it', () => {
  for (const encoding of ENCODINGS) {
    const section = floatSection('x', { shape: [3], data: Float32Array.of(0.1, -0.7, 1) }, encoding);
    const bytes = section.bytes.slice();
    const { data } = readFloats({ header: section.header, bytes });
    const before = data.slice();
    bytes.fill(0);
    assert.deepEqual(data, before);
    assert.equal(data.buffer.byteLength, data.byteLength, `${encoding} keeps more memory than it shows`);
  }
});

test('bytes at any alignment decode: broker messages start anywhere', () => {
  for (const encoding of ENCODINGS) {
    const section = floatSection('x', image([1, 4, 4, 2]), encoding);
    const shifted = new Uint8Array(section.bytes.length + 3);
    shifted.set(section.bytes, 3);
    assert.deepEqual(readFloats({ header: section.header, bytes: shifted.subarray(3) }), readFloats(section));
  }
});

test('NaN, infinity and diverged magnitudes are refused by the sender', () => {
  for (const bad of [NaN, Infinity, -Infinity, 3e38]) {
    for (const encoding of ENCODINGS) {
      assert.throws(() => floatSection('fakes', { shape: [3], data: Float32Array.of(0, bad, 1) }, encoding), {
        code: 'WIRE_NOT_FINITE',
        message: /tensor fakes/,
      });
    }
  }
});

test('NaN and infinity are refused by the receiver, with a correct checksum too', () => {
  for (const bad of [NaN, Infinity]) {
    const float32 = floatSection('x', { shape: [1], data: Float32Array.of(1) }, 'Float32');
    const forged = floatSection(
      'x',
      { shape: [4], data: Float32Array.of(...new Uint8Array(Float32Array.of(bad).buffer)).map((v) => v / 127.5 - 1) },
      'UInt8',
    );
    assert.throws(() => readFloats({ header: { ...float32.header, crc32c: forged.header.crc32c }, bytes: forged.bytes }), {
      code: 'WIRE_NOT_FINITE',
    });
  }
  const half = floatSection('x', { shape: [1], data: Float32Array.of(1) }, 'Float16');
  assert.throws(() => readFloats({ header: { ...half.header, scale: -141 }, bytes: half.bytes }), { code: 'WIRE_NOT_FINITE' });
});

test('data that does not fill its shape is refused by the sender', () => {
  assert.throws(() => floatSection('x', { shape: [2, 2], data: new Float32Array(3) }, 'Float32'), WireBoundsError);
  assert.throws(() => classSection('x', [2, 2], new Uint8Array(5)), WireBoundsError);
});

test('label maps and JSON come back as they were; what they are not is refused', () => {
  const labels = classSection('labels', [2, 2, 2], Uint8Array.of(0, 0, 1, 1, 2, 2, 2, 255));
  assert.deepEqual(Array.from(readClasses(labels).classes), [0, 0, 1, 1, 2, 2, 2, 255]);
  const json = jsonSection('experiment', { name: 'Kerne', sites: ['ä', null, 1e-9] });
  assert.deepEqual(readJson(json), { name: 'Kerne', sites: ['ä', null, 1e-9] });
  assert.throws(() => readJson(labels), { code: 'WIRE_HEADER' });
  assert.throws(() => readFloats(json), { code: 'WIRE_HEADER' });
  assert.throws(() => readClasses(json), { code: 'WIRE_HEADER' });
  assert.throws(() => readJson({ header: { ...labels.header, encoding: 'Json' }, bytes: labels.bytes }), { code: 'WIRE_HEADER' });
});
