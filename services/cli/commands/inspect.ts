import { readFile, stat } from 'node:fs/promises';
import { readCard } from '#evaluator';
import { readCheckpoint } from '#nn';
import { inspectEnvelope, WireError } from '#wire';
import { NotInspectableError } from '../errors.ts';

const CHECKPOINT_MAGIC = 'ASYNDGAN';

/** `asyndgan inspect PATH`: what is in a checkpoint, an envelope or a release; nothing is decoded that need not be. */
export async function inspect(path: string): Promise<void> {
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new NotInspectableError(path, cause.code === 'ENOENT' ? 'there is no such file or folder' : `it cannot be read (${cause.code})`, {
      cause,
    });
  });
  if (status.isDirectory()) {
    console.log(JSON.stringify(await readCard(path), null, 2));
    return;
  }
  const bytes = await readFile(path);
  if (bytes.toString('latin1', 0, CHECKPOINT_MAGIC.length) === CHECKPOINT_MAGIC) await describeCheckpoint(path);
  else describeEnvelope(path, bytes);
}

async function describeCheckpoint(file: string): Promise<void> {
  const { state, ...about } = await readCheckpoint(file);
  const count = [...state.values()].reduce((sum, { data }) => sum + data.length, 0);
  console.log(`checkpoint of ${about.party} after iteration ${about.iteration} (seed ${about.seed}, experiment ${about.experimentDigest})`);
  console.log(`${state.size} tensors, ${count} values:`);
  for (const [name, { shape, data }] of state) {
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    console.log(`  ${name.padEnd(48)} [${shape.join(', ')}]  mean ${mean.toExponential(2)}  deviation ${deviation.toExponential(2)}`);
  }
}

function describeEnvelope(file: string, bytes: Uint8Array): void {
  try {
    console.log(JSON.stringify(inspectEnvelope(bytes), null, 2));
  } catch (cause) {
    if (cause instanceof WireError)
      throw new NotInspectableError(file, `it is neither a checkpoint nor an envelope (${cause.message})`, { cause });
    throw cause;
  }
}
