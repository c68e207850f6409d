import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Conditions } from '#wire';
import { LabelMapFileError } from './errors.ts';

const SCHEMA = 'asyndgan.io/label-maps/v1';

/** Where the hub keeps a site's label maps: beside its checkpoints. */
export const labelMapFile = (directory: string, site: string): string => join(directory, 'label-maps', site);

/**
 * Keeps the label maps that a site has shared, so that the hub can make more images when the sites are gone.
 * Layout: u32 header length (little-endian), JSON {schema, size, keys}, zstd (with its checksum) of all maps one after the other.
 */
export async function writeLabelMaps(file: string, { size, maps }: Conditions): Promise<void> {
  const header = Buffer.from(JSON.stringify({ schema: SCHEMA, size, keys: maps.map(({ key }) => key) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  await mkdir(dirname(file), { recursive: true });
  const body = zstdCompressSync(Buffer.concat(maps.map(({ classes }) => classes)), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  await writeFile(`${file}.partial`, Buffer.concat([length, header, body]));
  await rename(`${file}.partial`, file);
}

/** Throws LabelMapFileError. */
export async function readLabelMaps(file: string): Promise<Conditions> {
  try {
    const bytes = await readFile(file);
    const start = 4 + bytes.readUInt32LE(0);
    const { schema, size, keys } = JSON.parse(bytes.toString('utf8', 4, start)) as { schema: string; size: number; keys: string[] };
    if (schema !== SCHEMA) throw new Error(`its schema is ${schema}`);
    const pixels = size * size;
    const classes = zstdDecompressSync(bytes.subarray(start), { maxOutputLength: Math.max(1, keys.length * pixels) });
    if (classes.length !== keys.length * pixels) throw new Error('it is cut short');
    return { size, maps: keys.map((key, i) => ({ key, classes: new Uint8Array(classes.subarray(i * pixels, (i + 1) * pixels)) })) };
  } catch (cause) {
    throw new LabelMapFileError(file, cause);
  }
}
