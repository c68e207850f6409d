import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { readSafetensors, type Session, type State } from '#nn';

/** Relative error (of the L2 norm) against PyTorch in float64; where PyTorch in float32 has more than a third of it, three times its error. */
const LIMIT = 1e-5;

export interface Reference {
  /** All keys that begin with `prefix`, without it. */
  under(prefix: string): ReadonlyMap<string, Float32Array>;
  /** Asserts that `actual` are PyTorch's numbers of that key. */
  expect(key: string, actual: Float32Array): void;
}

/** Numbers that make.py has stored in NAME.safetensors. */
export async function openReference(name: string): Promise<Reference> {
  const stored = await readSafetensors(fileURLToPath(new URL(`${name}.safetensors`, import.meta.url)));
  return {
    under: (prefix) =>
      new Map([...stored].flatMap(([key, { data }]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), data]] : []))),
    expect: (key, actual) => {
      const expected = stored.get(key)?.data;
      assert.ok(expected, `make.py has stored no '${key}'`);
      assert.equal(actual.length, expected.length, key);
      const error = distance(actual, expected) / (distance(expected) || 1);
      const limit = stored.get(`tolerance/${key}`)?.data[0] ?? LIMIT;
      assert.ok(error <= limit, `${key}: relative error ${error}, allowed ${limit}`);
    },
  };
}

function distance(a: Float32Array, b?: Float32Array): number {
  return Math.sqrt(a.reduce((total, value, i) => total + (value - (b ? b[i]! : 0)) ** 2, 0));
}

/**
 * offset + scale * u with u in [-1, 1) from a hash of the name and the index (FNV-1a, then MurmurHash3's finalizer): numbers that make.py computes
 * as well, so that weights and inputs need not be stored.
 */
export function formula(name: string, shape: readonly number[], scale = 1, offset = 0): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let hash = (seed + Math.imul(i, 0x9e3779b1)) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
    return offset + scale * (hash / 2 ** 31 - 1);
  });
}

/** The first value of the variable of that name in make.py: weights as He 2015 scales them, gains and variances around 1, moments 0. */
export function firstValue(name: string, shape: readonly number[]): Float32Array {
  const kind = name.split('/').at(-1)!;
  if (kind.startsWith('moment')) return new Float32Array(sizeOf(shape));
  if (kind === 'weight') return formula(name, shape, Math.sqrt((6 * shape.at(-1)!) / sizeOf(shape)));
  const ranges: Record<string, [number, number]> = {
    gain: [0.3, 1],
    variance: [0.3, 1],
    u: [1, 0],
    'style-gain': [0.2, 0],
    'style-bias': [0.2, 0],
  };
  return formula(name, shape, ...(ranges[kind] ?? ([0.1, 0] as const)));
}

/** Sets every variable to the first value of its name. */
export function start(session: Pick<Session, 'state' | 'restore'>): State {
  const state: State = new Map([...session.state()].map(([name, { shape }]) => [name, { shape, data: firstValue(name, shape) }]));
  session.restore(state);
  return state;
}

/** Whole numbers 0..count-1. */
export const classesOf = (name: string, shape: readonly number[], count: number): Uint8Array =>
  Uint8Array.from(formula(name, shape), (u) => Math.min(count - 1, Math.floor(((u + 1) / 2) * count)));

export function oneHot(classes: Uint8Array, count: number): Float32Array {
  return Float32Array.from({ length: classes.length * count }, (_, i) => (classes[Math.floor(i / count)] === i % count ? 1 : 0));
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
