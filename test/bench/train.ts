import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { parse, stringify } from 'yaml';
import { loadExperiment } from '#experiment';
import { Random } from '#nn';
import { inChild, jsonOf, median } from './child.ts';
import type { IterationsInput, IterationsResult } from './iterations.ts';
import type { Benchmark } from './main.ts';

const DEMO = fileURLToPath(new URL('../../k8s/samples/nuclei.yaml', import.meta.url));
const PAPER = fileURLToPath(new URL('../../k8s/samples/brats-paper.yaml', import.meta.url));
const PEER = fileURLToPath(new URL('./peer.py', import.meta.url));
/** Alternating repeats, so that both sides see the same machine. */
const REPEATS = 3;

interface Row {
  readonly ratio: number | null;
}

/** Iterations per second of the whole federation (data, codecs, channel included) against PyTorch eager (networks and optimisers alone). */
export const train: Benchmark = async ({ peer, threads }) => {
  const count = threads ?? availableParallelism();
  const paper = await paperAtOneSite();
  try {
    console.log(
      `${count} threads\n${'network'.padEnd(28)}${'ours it/s'.padStart(12)}${'PyTorch it/s'.padStart(14)}${'ratio'.padStart(8)}${'ours MB'.padStart(10)}${'PyTorch MB'.padStart(12)}`,
    );
    const demo = await compare('demo (4 sites, 64 px)', { file: DEMO, threads: count, warm: 5, iterations: 30 }, peer);
    const large = await compare('paper (1 site, 256 px)', { file: paper.file, threads: count, warm: 1, iterations: 4 }, peer);
    const reduced = await compare('paper, bfloat16', { file: paper.bfloat16, threads: count, warm: 1, iterations: 4 }, peer);
    return { demo, paper: large, paperBFloat16: reduced };
  } finally {
    await rm(paper.directory, { recursive: true });
  }
};

async function compare(name: string, input: IterationsInput, peer: string | null): Promise<Row> {
  const ours: IterationsResult[] = [];
  const theirs: { iterationsPerSecond: number; peakRssMb: number }[] = [];
  for (let i = 0; i < REPEATS; i++) {
    ours.push(await inChild<IterationsResult>('./iterations.ts', input));
    if (peer) theirs.push(await jsonOf(peer, [PEER, ...(await peerArguments(input))]));
  }
  const our = median(ours.map(({ iterationsPerSecond }) => iterationsPerSecond));
  const their = theirs.length > 0 ? median(theirs.map(({ iterationsPerSecond }) => iterationsPerSecond)) : null;
  const ratio = their === null ? null : our / their;
  const cell = (value: number | null, width: number, digits: number) => (value === null ? '-' : value.toFixed(digits)).padStart(width);
  const theirMb = theirs.length > 0 ? Math.max(...theirs.map(({ peakRssMb }) => peakRssMb)) : null;
  console.log(
    `${name.padEnd(28)}${cell(our, 12, 3)}${cell(their, 14, 3)}${cell(ratio, 8, 2)}${cell(Math.max(...ours.map(({ peakRssMb }) => peakRssMb)), 10, 0)}${cell(theirMb, 12, 0)}`,
  );
  return { ratio };
}

async function peerArguments({ file, threads, warm, iterations }: IterationsInput): Promise<string[]> {
  const { spec } = await loadExperiment(file);
  const config = JSON.stringify({ model: spec.model, training: spec.training, sites: spec.sites.length });
  return ['--config', config, '--threads', String(threads), '--iterations', String(iterations), '--warm', String(warm)];
}

/** The paper's networks at one site with random images: speed does not depend on what is in them. No paired term: it needs no network. */
async function paperAtOneSite(): Promise<{ directory: string; file: string; bfloat16: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'asyndgan-paper-'));
  const { spec, ...rest } = parse(await readFile(PAPER, 'utf8')) as { spec: Record<string, Record<string, unknown>> };
  const { size, channels } = spec.model!.image as { size: number; channels: number };
  await writeRandomImages(join(directory, 'site', 'train'), size, channels);
  const write = async (name: string, precision: string) => {
    const training = { ...spec.training, losses: { adversarial: 'BCE' }, precision };
    const sites = [{ name: 'site', dataset: { path: 'site', format: 'Folder' } }];
    await writeFile(
      join(directory, name),
      stringify({ ...rest, spec: { ...spec, training, sites, membership: {}, release: { evaluate: { enabled: false } } } }),
    );
    return join(directory, name);
  };
  return { directory, file: await write('float32.yaml', 'Float32'), bfloat16: await write('bfloat16.yaml', 'BFloat16') };
}

async function writeRandomImages(directory: string, size: number, channels: number): Promise<void> {
  const random = new Random('benchmark');
  for (const folder of ['images', 'labels']) await mkdir(join(directory, folder), { recursive: true });
  for (let i = 0; i < 2; i++) {
    const image = Uint8Array.from({ length: size * size * channels }, () => random.integer(256));
    const labels = Uint8Array.from({ length: size * size }, (_, at) => Math.floor(at / 64) % 2);
    await writeFile(join(directory, 'images', `${i}.png`), encode({ width: size, height: size, channels, depth: 8, data: image }));
    await writeFile(join(directory, 'labels', `${i}.png`), encode({ width: size, height: size, channels: 1, depth: 8, data: labels }));
  }
}
