import { WireEncodingError } from '../errors.ts';

/**
 * Eight bits with stochastic rounding: one float32 scale per sample and channel (first and last axis), then floor(value / scale + random()).
 * The expectation of a decoded value is the value. `bytes`: the scales [n, c], little-endian, then one signed byte per element.
 * shape: [n, ..., c]; values must be finite; random: uniform in [0, 1), called once per element in order.
 */
export function encodeInt8(values: Float32Array, shape: readonly number[], random: () => number): Uint8Array {
  const { samples, channels, pixels } = layout(shape);
  const scales = scalesOf(values, samples, channels, pixels);
  const bytes = new Uint8Array(scales.length * 4 + values.length);
  const view = new DataView(bytes.buffer);
  scales.forEach((scale, i) => {
    view.setFloat32(4 * i, scale, true);
  });
  const steps = new Int8Array(bytes.buffer, scales.length * 4);
  let i = 0;
  for (let n = 0; n < samples; n++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++, i++) steps[i] = Math.floor(values[i]! / scales[n * channels + c]! + random());
    }
  }
  return bytes;
}

export function decodeInt8(bytes: Uint8Array, shape: readonly number[]): Float32Array {
  const { samples, channels, pixels } = layout(shape);
  const scales = readScales(bytes, samples * channels);
  const steps = new Int8Array(bytes.buffer, bytes.byteOffset + scales.length * 4, samples * pixels * channels);
  const values = new Float32Array(steps.length);
  let i = 0;
  for (let n = 0; n < samples; n++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++, i++) values[i] = steps[i]! * scales[n * channels + c]!;
    }
  }
  return values;
}

/** Bytes of the encoding of a tensor of this shape. */
export function int8Bytes(shape: readonly number[]): number {
  const { samples, channels, pixels } = layout(shape);
  return samples * channels * (4 + pixels);
}

function layout(shape: readonly number[]): { samples: number; channels: number; pixels: number } {
  const samples = shape[0]!;
  const channels = shape.length > 1 ? shape.at(-1)! : 1;
  return { samples, channels, pixels: shape.slice(1, -1).reduce((product, side) => product * side, 1) };
}

/** Rounded up, so that no value falls outside -127..127; not below the smallest normal float32, where rounding up is not possible. */
function scalesOf(values: Float32Array, samples: number, channels: number, pixels: number): Float32Array {
  const scales = new Float32Array(samples * channels);
  let i = 0;
  for (let n = 0; n < samples; n++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++, i++) {
        const magnitude = Math.abs(values[i]!);
        if (magnitude > scales[n * channels + c]!) scales[n * channels + c] = magnitude;
      }
    }
  }
  return scales.map((largest) => Math.max((largest / 127) * (1 + 2 ** -23), 2 ** -126));
}

function readScales(bytes: Uint8Array, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4 * count);
  const scales = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const scale = view.getFloat32(4 * i, true);
    if (!(scale > 0 && scale < Infinity))
      throw new WireEncodingError(`scale ${i} of an Int8 tensor is ${scale}: scales are positive and finite`);
    scales[i] = scale;
  }
  return scales;
}
