import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { encode } from 'fast-png';
import { DatasetError } from './errors.ts';
import type { DatasetSource, ImageSpec, LabelSpec, Random } from './types.ts';

/** Results of other libraries; made by make.py beside it. */
const REFERENCES = join(import.meta.dirname, '../../test/references/datasets');
export const expected: Expected = JSON.parse(readFileSync(join(REFERENCES, 'expected.fixture.json'), 'utf8'));
export const REFERENCE_FILES = join(REFERENCES, 'files');
export const NUCLEI = join(import.meta.dirname, '../../test/data/nuclei');
export const MODULES = join(import.meta.dirname, '../../node_modules');

export const INSTANCES: LabelSpec = { kind: 'Instances', classes: 3 };
export const TILE: ImageSpec = { size: 128, channels: 3 };

interface Expected {
  tiles: Record<string, { image: string; classes: string }>;
  contrasts: Record<string, { values: number[]; bytes: boolean; percentiles: number[]; stretched: number[] }>;
  planes: Record<'labels' | 'classes' | 'mask' | 'filled' | 'outline' | 'edges' | 'components', number[]> & { width: number };
  resizes: { width: number; height: number; channels: number; size: number; pixels: number[]; linear: number[]; nearest: number[] }[];
  rasters: Record<string, { width: number; height: number; channels: number; bits: number; image: number[]; label: number[] | null }>;
}

export function source(path: string, changes: Partial<DatasetSource> = {}): DatasetSource {
  return { path, format: 'Folder', fit: 'Exact', contrast: 'Stretch', ...changes };
}

/** A directory of this test alone, gone after it. */
export function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'datasets-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file with the directories above it. */
export function put(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

export function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

/** A PNG file of bytes or, for labels, of 16 bits. */
export function png(width: number, height: number, data: Uint8Array | Uint16Array): Uint8Array {
  return encode({ width, height, data, depth: data instanceof Uint16Array ? 16 : 8, channels: data.length / (width * height) });
}

export async function fails(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof DatasetError, `not a DatasetError: ${error}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.equal(error.exitCode, 2);
    return true;
  });
}

/** Reproducible numbers (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { uniform, integer: (n) => Math.floor(uniform() * n) };
}
