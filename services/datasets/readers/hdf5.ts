import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Dataset as H5Dataset, File as H5File } from 'h5wasm/node';
import { LayoutError, UnreadableError } from '../errors.ts';
import { byCodeUnit, explain, readBytes, requirePath } from '../files.ts';

/** An array in an HDF5 file. */
export interface Hdf5Array {
  /** File and place in it, for messages. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly eightBit: boolean;
  /** Rows along the first axis that the file stores together. */
  readonly chunkRows: number;
  /** Rows `from` to `to` (exclusive) of the first axis; everything by default. */
  read(from?: number, to?: number): ArrayLike<number>;
}

/** An open HDF5 file; only what is asked for is read. */
export interface Hdf5File {
  /** Names in a group, sorted by code unit; null where there is no such group. */
  names(group: string): string[] | null;
  /** @throws LayoutError where there is no array of numbers of one of the ranks at the place. */
  array(place: string, ranks: readonly number[]): Hdf5Array;
  close(): void;
}

/** The file that a path names: itself, or in a directory the first of the preferred names or else the only .h5 file. */
export async function locateHdf5(path: string, preferred: readonly string[]): Promise<string> {
  if ((await requirePath(path)) === 'file') return path;
  const files = await readdir(path).catch((cause) => {
    throw explain(cause, path);
  });
  const found = files.filter((file) => /\.(h5|hdf5)$/i.test(file) && !file.startsWith('.')).sort(byCodeUnit);
  const chosen = preferred.find((file) => found.includes(file)) ?? (found.length === 1 ? found[0] : undefined);
  if (chosen !== undefined) return join(path, chosen);
  const holds = found.length === 0 ? 'the directory holds no .h5 file' : `the directory holds ${found.join(', ')}`;
  throw new LayoutError(path, holds, `${preferred.join(', ')} or a single .h5 file; name the file itself in the dataset's path`);
}

/** @throws UnreadableError */
export async function openHdf5(path: string): Promise<Hdf5File> {
  const name = basename(path);
  await readBytes('', path, 1);
  // Loaded on use: the library is megabytes of WebAssembly that the other formats do without.
  const h5 = await import('h5wasm/node');
  const library = await h5.ready;
  // Without it errors are printed and a number is returned.
  library.activate_throwing_error_handler();
  const file = reading(name, () => new h5.File(path, 'r'));
  return {
    names: (group) => reading(name, () => groupNames(file, group)),
    array: (place, ranks) => reading(`${name}:${place}`, () => openArray(file, name, place, ranks)),
    close: () => {
      file.close();
    },
  };
}

function groupNames(file: H5File, place: string): string[] | null {
  const group = place === '' ? file : file.get(place);
  return group !== null && 'keys' in group ? group.keys().sort(byCodeUnit) : null;
}

function openArray(file: H5File, name: string, place: string, ranks: readonly number[]): Hdf5Array {
  const path = `${name}:${place}`;
  const array = file.get(place);
  if (array === null) throw new LayoutError(name, `there is no ${place}`, 'an array of numbers');
  const { shape, dtype } = array as H5Dataset;
  if (!Array.isArray(shape) || !ranks.includes(shape.length) || !isNumeric(dtype)) {
    throw new LayoutError(
      path,
      `it is ${Array.isArray(shape) ? `of shape [${shape}]` : 'not an array'}`,
      `numbers with ${ranks.join(' or ')} axes`,
    );
  }
  if (shape.includes(0)) throw new UnreadableError(path, `its shape is [${shape}]`);
  const { metadata } = array as H5Dataset;
  return {
    path,
    shape,
    eightBit: dtype === '<B' || dtype === '|B' || dtype === '>B',
    chunkRows: metadata.chunks?.[0] ?? 1,
    read: (from = 0, to = shape[0]!) => reading(path, () => numbers((array as H5Dataset).slice([[from, to]]))),
  };
}

/** Type codes of Python's struct module: integers and floats. */
function isNumeric(dtype: unknown): dtype is string {
  return typeof dtype === 'string' && /^[<>|]?[bBhHiIlLqQfd]$/.test(dtype);
}

function numbers(data: unknown): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return data as ArrayLike<number>;
}

/** Turns the library's stack of messages into its innermost one. */
function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof LayoutError || cause instanceof UnreadableError) throw cause;
    const reasons = [...String((cause as Error).message).matchAll(/#\d+: .*? in \w+\(\): (.*)/g)].map((match) => match[1]!);
    throw new UnreadableError(path, reasons.at(-1) ?? (cause as Error).message, { cause });
  }
}
