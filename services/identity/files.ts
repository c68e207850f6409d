import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileTakenError } from './errors.ts';

/** Modes: what holds a private key, and what may be read by all. */
export const PRIVATE = 0o600;
export const PUBLIC = 0o644;

/** Writes a new file, and its folder. @throws FileTakenError where there is one */
export async function createFile(file: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, content, { mode, flag: 'wx', flush: true }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new FileTakenError(file) : cause;
  });
}

/** Replaces a file, or writes it: a reader sees the old content or the new, at any moment. */
export async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.partial`;
  await writeFile(partial, content, { mode, flush: true });
  await rename(partial, file);
}

/** True where there is no such folder, or nothing in it. */
export async function isFree(directory: string): Promise<boolean> {
  const entries = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    if (cause.code === 'ENOTDIR') return [directory];
    throw cause;
  });
  return entries.length === 0;
}
