import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const MAIN = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const DATA = fileURLToPath(new URL('../data/nuclei/', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command in a process of its own; `onOutput` may end it. */
export async function asyndgan(args: readonly string[], onStart?: (child: ReturnType<typeof spawn>) => void): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  onStart?.(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'asyndgan-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

type Json = Record<string, unknown>;

/** A small experiment on two real sites: seconds, not minutes. `change` is merged into its spec, deeply. */
export async function writeExperiment(directory: string, change: Json = {}): Promise<string> {
  const spec = {
    model: {
      image: { size: 128, channels: 3 },
      generator: { filters: 4, blocks: 1 },
      discriminator: { filters: 4, layers: 2 },
    },
    training: { iterations: 12, batchSize: 1, cropSize: 32, seed: 3, checkpointEvery: 3, sampleEvery: 6 },
    sites: [aSite('fluorescence-small'), aSite('histology-dark')],
    release: { samples: 12, evaluate: { steps: 2, batchSize: 2, cropSize: 32, filters: 4 } },
  };
  const file = join(directory, 'experiment.yaml');
  await writeFile(
    file,
    stringify({ apiVersion: 'asyndgan.io/v1alpha1', kind: 'AsynDGANExperiment', metadata: { name: 'small' }, spec: merge(spec, change) }),
  );
  return file;
}

export const aSite = (name: string, path = join(DATA, name)): Json => ({ name, dataset: { path, format: 'Folder' } });

export const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;

function merge(base: Json, change: Json): Json {
  const both = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const isSection = (item: unknown): item is Json => typeof item === 'object' && item !== null && !Array.isArray(item);
    both[key] = isSection(value) && isSection(both[key]) ? merge(both[key], value) : value;
  }
  return both;
}
