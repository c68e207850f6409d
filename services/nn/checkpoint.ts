import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { CheckpointDamagedError } from './errors.ts';
import { sizeOf } from './graph.ts';
import type { State } from './session.ts';

const MAGIC = 'ASYNDGAN';
const SCHEMA = 'asyndgan.io/checkpoint/v1';
const DIGEST_BYTES = 32;
/** Ending of a file that is not whole yet. */
export const PARTIAL = '.partial';

/** Everything that one party needs to go on from an iteration: weights, optimiser moments, buffers. Random draws depend on the iteration alone. */
export interface Checkpoint {
  /** Who wrote it: 'hub' or the site's name. */
  readonly party: string;
  /** Iterations that are done. */
  readonly iteration: number;
  /** Of the experiment that it belongs to. */
  readonly experimentDigest: string;
  readonly seed: number;
  readonly state: State;
}

interface Header {
  readonly schema: string;
  readonly party: string;
  readonly iteration: number;
  readonly experimentDigest: string;
  readonly seed: number;
  readonly tensors: readonly { name: string; shape: readonly number[]; offset: number }[];
}

/**
 * Layout: 'ASYNDGAN', u32 header length, JSON header (names, shapes, offsets), zeros up to a multiple of 8, float32 little-endian data,
 * SHA-256 of all that comes before it.
 */
export function encodeCheckpoint({ state, ...about }: Checkpoint): Buffer {
  let offset = 0;
  const tensors = [...state].map(([name, { shape, data }]) => {
    const entry = { name, shape, offset };
    offset += data.byteLength;
    return entry;
  });
  const header = Buffer.from(JSON.stringify({ schema: SCHEMA, ...about, tensors }));
  const prefix = Buffer.alloc(padded(MAGIC.length + 4 + header.length));
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(header.length, MAGIC.length);
  header.copy(prefix, MAGIC.length + 4);
  const data = [...state.values()].map((value) => Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength));
  const body = Buffer.concat([prefix, ...data]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

/** Throws CheckpointDamagedError; `file` is named in it. */
export function decodeCheckpoint(bytes: Buffer, file: string): Checkpoint {
  const fail = (why: string) => new CheckpointDamagedError(file, why);
  if (bytes.length < MAGIC.length + 4 + DIGEST_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw fail('it has another format');
  const body = bytes.subarray(0, -DIGEST_BYTES);
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(-DIGEST_BYTES)))
    throw fail('its SHA-256 is wrong, it was cut short or changed');
  const length = body.readUInt32LE(MAGIC.length);
  const start = padded(MAGIC.length + 4 + length);
  const { schema, tensors, ...about } = JSON.parse(body.toString('utf8', MAGIC.length + 4, MAGIC.length + 4 + length)) as Header;
  if (schema !== SCHEMA) throw fail(`its schema is ${schema}, this version reads ${SCHEMA}`);
  const state: State = new Map();
  for (const { name, shape, offset } of tensors) {
    const from = start + offset;
    const to = from + 4 * sizeOf(shape);
    if (to > body.length) throw fail(`'${name}' lies outside of it`);
    state.set(name, { shape, data: new Float32Array(new Uint8Array(body.subarray(from, to)).buffer) });
  }
  return { party: about.party, iteration: about.iteration, experimentDigest: about.experimentDigest, seed: about.seed, state };
}

/** Written beside its final name, flushed to the disk, then renamed: a file of that name is always whole. */
export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const temporary = `${file}${PARTIAL}`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(encodeCheckpoint(checkpoint));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointDamagedError(file, cause.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${cause.code})`);
  });
  return decodeCheckpoint(bytes, file);
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;
