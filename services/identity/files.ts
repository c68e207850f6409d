import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileTakenError, FileUnwritableError } from './errors.ts';

/** Modes: what holds a private key, and what may be read by all. */
export const PRIVATE = 0o600;
export const PUBLIC = 0o644;

/** Writes a new file, and its folder. @throws FileTakenError where there is one, FileUnwritableError */
export async function createFile(file: string, content: string, mode: number): Promise<void> {
  await makeFolder(dirname(file));
  await writeFile(file, content, { mode, flag: 'wx', flush: true }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new FileTakenError(file) : unwritable(file, cause);
  });
}

/** Replaces a file, or writes it: a reader sees the old content or the new, at any moment. @throws FileUnwritableError */
export async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  await makeFolder(dirname(file));
  const partial = `${file}.partial`;
  await writeFile(partial, content, { mode, flush: true }).catch((cause) => {
    throw unwritable(file, cause);
  });
  await rename(partial, file);
}

/** Makes a folder for its owner alone, and those above it. @throws FileUnwritableError */
export async function makeFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause) => {
    throw unwritable(directory, cause);
  });
}

/** True where there is no such folder, or nothing in it. @throws FileUnwritableError where it is no folder */
export async function isFree(directory: string): Promise<boolean> {
  const entries = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw unwritable(directory, cause);
  });
  return entries.length === 0;
}

/** A full disk has its own message, at the command's edge. */
const unwritable = (path: string, cause: NodeJS.ErrnoException) => (cause.code === 'ENOSPC' ? cause : new FileUnwritableError(path, cause));
