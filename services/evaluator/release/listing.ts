import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseCard } from './card.ts';

export const LISTING = 'SHA256SUMS';
export const HDF5 = 'release.h5';

export const imageFile = (index: number): string => `images/${String(index).padStart(6, '0')}.png`;
export const labelFile = (index: number): string => `labels/${String(index).padStart(6, '0')}.png`;

/** Names of a release's files but the card and the listing: they follow from the count, so that no name is ever taken from a file. */
export function releaseFiles(count: number): string[] {
  const indices = Array.from({ length: count }, (_, index) => index);
  return [...indices.map(imageFile), ...indices.map(labelFile), HDF5];
}

/** The listing in the format of sha256sum, so that `sha256sum --check SHA256SUMS` works; and what the card says of it. */
export async function listFiles(directory: string, count: number): Promise<{ text: string; files: ReleaseCard['files'] }> {
  const names = releaseFiles(count);
  let bytes = 0;
  let text = '';
  for (const name of names) {
    bytes += (await stat(join(directory, name))).size;
    text += `${await sha256OfFile(join(directory, name))}  ${name}\n`;
  }
  return { text, files: { count: names.length, bytes, listing: LISTING, sha256: sha256(text) } };
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
