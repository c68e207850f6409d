import { readFile, stat } from 'node:fs/promises';
import {
  ExperimentNotAFileError,
  ExperimentNotFoundError,
  ExperimentNotTextError,
  ExperimentTooLargeError,
  ExperimentUnreadableError,
} from './errors.ts';
import { parseExperiment } from './parse.ts';
import type { Experiment } from './schema.ts';

/** An object in Kubernetes has at most 1.5 MB; an experiment of 64 sites has 50 KB. */
const MAX_BYTES = 1 << 20;

/**
 * Reads an experiment file: UTF-8 YAML, at most 1 MiB.
 *
 * @throws an ExperimentError for a missing, unreadable, binary or empty file, and what parseExperiment throws
 */
export async function loadExperiment(file: string): Promise<Experiment> {
  const unreadable = (cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    throw missing
      ? new ExperimentNotFoundError(file, { cause })
      : new ExperimentUnreadableError(file, cause.code ?? cause.message, { cause });
  };
  const status = await stat(file).catch(unreadable);
  if (!status.isFile()) throw new ExperimentNotAFileError(file, status.isDirectory() ? 'a folder' : 'not a regular file');
  if (status.size > MAX_BYTES) throw new ExperimentTooLargeError(file, status.size, MAX_BYTES);
  return parseExperiment(decode(file, await readFile(file).catch(unreadable)), file);
}

function decode(file: string, bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new ExperimentNotTextError(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ExperimentNotTextError(file, { cause });
  }
}
