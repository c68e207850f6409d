import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AmbiguousNameError,
  DatasetNotFoundError,
  EmptySplitError,
  UnpairedError,
  UnreadableError,
  UnsupportedFileError,
} from './errors.ts';

/** A header may claim any size; memory is taken only for what can be an image. */
const MOST_PIXELS = 1 << 26;

/** Two files with the same name: an image and its label map, or two volumes. Paths are relative to the dataset's. */
export interface Pair {
  name: string;
  image: string;
  label: string;
}

/** Pairs the files of two directories by name without extension, in the order of the names' code units, whatever the locale. */
export async function listPairs(root: string, images: string, labels: string, extensions: readonly string[]): Promise<Pair[]> {
  const imageFiles = await byName(root, images, extensions);
  const labelFiles = await byName(root, labels, extensions);
  if (imageFiles.size === 0 && labelFiles.size === 0) throw new EmptySplitError(images, `no file ends in ${extensions.join(', ')}`);
  const alone = (files: Map<string, string>, partners: Map<string, string>) =>
    [...files].filter(([name]) => !partners.has(name)).map(([, path]) => path);
  const unlabelled = alone(imageFiles, labelFiles);
  if (unlabelled.length > 0) throw new UnpairedError(unlabelled, `a label map in ${labels}`);
  const imageless = alone(labelFiles, imageFiles);
  if (imageless.length > 0) throw new UnpairedError(imageless, `an image in ${images}`);
  return [...imageFiles].map(([name, image]) => ({ name, image, label: labelFiles.get(name)! }));
}

/** Names of the entries of a directory that can be data, sorted by code unit. */
export async function listNames(root: string, directory: string, kind: 'file' | 'directory'): Promise<string[]> {
  try {
    const entries = await readdir(join(root, directory), { withFileTypes: true });
    const wanted = await Promise.all(
      entries.map(async (entry) => !isLitter(entry.name) && (await kindOf(join(root, directory, entry.name))) === kind),
    );
    return entries
      .filter((_, i) => wanted[i])
      .map((entry) => entry.name)
      .sort(byCodeUnit);
  } catch (cause) {
    throw explain(cause, directory || root);
  }
}

/** What lies at a path, links followed; null where there is nothing. */
export async function kindOf(path: string): Promise<'file' | 'directory' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw explain(cause, path);
  }
}

/** @throws DatasetNotFoundError where the dataset's own path is not there. */
export async function requirePath(path: string): Promise<'file' | 'directory'> {
  const kind = await kindOf(path);
  if (kind === null) throw new DatasetNotFoundError(path, "check the dataset's path; a relative one is relative to the experiment file");
  return kind;
}

/** The whole file, or its first bytes. */
export async function readBytes(root: string, path: string, first?: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = first === undefined ? await readFile(join(root, path)) : await readFirst(join(root, path), first);
  } catch (cause) {
    throw explain(cause, path);
  }
  if (bytes.length === 0) throw new UnreadableError(path, 'the file is empty');
  return bytes;
}

/** A file system error as a message for people. */
export function explain(cause: unknown, path: string): Error {
  switch ((cause as NodeJS.ErrnoException).code) {
    case undefined:
      return cause as Error;
    case 'ENOENT':
      return new DatasetNotFoundError(path, 'it is needed by the dataset', { cause });
    case 'EACCES':
    case 'EPERM':
      return new UnreadableError(path, 'permission denied', { cause });
    default:
      return new UnreadableError(path, (cause as Error).message, { cause });
  }
}

/** @throws UnreadableError for a size that is zero or beyond anything decoded at once. */
export function checkExtent(path: string, width: number, height: number): void {
  if (width === 0 || height === 0) throw new UnreadableError(path, `its size is ${width}x${height}`);
  if (width * height > MOST_PIXELS) throw new UnsupportedFileError(path, `is ${width}x${height}`, 'cut it into tiles');
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The extension of the list with which the file's name ends, whatever its case. */
export function extensionOf(file: string, extensions: readonly string[]): string | undefined {
  const lower = file.toLowerCase();
  return extensions.find((extension) => lower.endsWith(extension));
}

async function byName(root: string, directory: string, extensions: readonly string[]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const file of await listNames(root, directory, 'file')) {
    const path = `${directory}/${file}`;
    const extension = extensionOf(file, extensions);
    if (extension === undefined) {
      if (OTHER_IMAGES.test(file))
        throw new UnsupportedFileError(path, 'is of a format that is not read', `convert it to ${extensions[0]}`);
      continue;
    }
    const name = file.slice(0, -extension.length);
    const earlier = files.get(name);
    if (earlier !== undefined) throw new AmbiguousNameError(earlier, path);
    files.set(name, path);
  }
  return new Map([...files].sort(([a], [b]) => byCodeUnit(a, b)));
}

/** Dropping these silently would be dropping data. */
const OTHER_IMAGES = /\.(jpe?g|bmp|gif|webp|jp2|mha|nrrd|npy|svs)$/i;

function isLitter(name: string): boolean {
  return name.startsWith('.') || /^(thumbs\.db|desktop\.ini|dicomdir|readme.*|license.*)$/i.test(name);
}

async function readFirst(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
