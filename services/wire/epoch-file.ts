import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { WireEpochFileError } from './errors.ts';

/*
 * Fencing: each start of the hub has a higher epoch than all before it, and a site that has seen one follows no lower one. Both sides keep
 * the number beside their checkpoints.
 */

const NAME = 'hub-epoch';

/** The highest hub epoch that was kept in this folder; 0 where none was. Throws WireEpochFileError. */
export async function readEpoch(directory: string): Promise<number> {
  const file = join(directory, NAME);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '0';
    throw error;
  });
  if (!/^\d{1,15}\n?$/.test(text)) throw new WireEpochFileError(file);
  return Number(text);
}

/** Written beside its final name, flushed to the disk, then renamed: a crash leaves the old number or the new one. */
export async function writeEpoch(directory: string, epoch: number): Promise<void> {
  const file = join(directory, NAME);
  await mkdir(directory, { recursive: true });
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(`${epoch}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}
