import { readFile } from 'node:fs/promises';
import { WeightsFileError } from './errors.ts';
import { sizeOf } from './graph.ts';
import type { State } from './session.ts';

/** Reads float32 tensors from a .safetensors file (u64 header length, JSON header, little-endian data). Throws WeightsFileError. */
export async function readSafetensors(file: string): Promise<State> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new WeightsFileError(file, 'it cannot be read', { cause });
  });
  const headerLength = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : Number.POSITIVE_INFINITY;
  if (headerLength > bytes.length - 8) throw new WeightsFileError(file, 'it is no safetensors file, or it is cut short');
  const start = 8 + headerLength;
  const state: State = new Map();
  for (const [name, { dtype, shape, data_offsets }] of entries(file, bytes.subarray(8, start))) {
    if (dtype !== 'F32') throw new WeightsFileError(file, `'${name}' is ${dtype}; only float32 (F32) is read`);
    const [from, to] = data_offsets;
    if (!(from >= 0 && start + to <= bytes.length && to - from === 4 * sizeOf(shape)))
      throw new WeightsFileError(file, `'${name}' lies outside of the file`);
    state.set(name, { shape, data: new Float32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer) });
  }
  return state;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function entries(file: string, header: Buffer): [string, Entry][] {
  try {
    const { __metadata__, ...tensors } = JSON.parse(header.toString('utf8')) as Record<string, Entry>;
    const whole = Object.values(tensors).every(
      ({ shape, data_offsets }) => shape.every(Number.isSafeInteger) && data_offsets.every(Number.isSafeInteger),
    );
    if (whole) return Object.entries(tensors);
    throw new TypeError('a shape or an offset is no whole number');
  } catch (cause) {
    throw new WeightsFileError(file, 'its header is damaged', { cause });
  }
}
