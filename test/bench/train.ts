import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { parse, stringify } from 'yaml';
import { loadExperiment } from '#experiment';
import { Random } from '#nn';
import { inChild, jsonOf, median } from './child.ts';
import type { IterationsInput } from './iterations.ts';
import type { Benchmark } from './main.ts';
import { DEMO } from './run.ts';

const PAPER = fileURLToPath(new URL('../../k8s/samples/brats-paper.yaml', import.meta.url));
const PEER = fileURLToPath(new URL('./peer.py', import.meta.url));
/** Alternating repeats, so that both sides see the same machine. */
const REPEATS = 3;

interface Row {
  readonly ratio: number | null;
}

const COLUMNS = [
  ['network', 26],
  ['ours it/s', 12],
  ['PyTorch it/s', 14],
  ['ratio', 8],
  ['whole run it/s', 16],
  ['ours MB', 10],
  ['PyTorch MB', 12],
] as const;

/**
 * Iterations per second of the networks and optimisers against PyTorch eager: the same networks, random data, no messages on either side, alternating
 * in one run. 'whole run': ours with real data, codecs and channel, as `asyndgan run` trains.
 */
export const train: Benchmark = async ({ peer, threads }) => {
  const count = threads ?? availableParallelism();
  const paper = await paperAtOneSite();
  try {
    console.log(`${count} threads\n${COLUMNS.map(([name, width], i) => (i === 0 ? name.padEnd(width) : name.padStart(width))).join('')}`);
    const demo = await compare('demo (4 sites, 64 px)', { file: DEMO, threads: count, warm: 5, iterations: 40 }, peer);
    const large = await compare('paper (1 site, 256 px)', { file: paper.file, threads: count, warm: 1, iterations: 4 }, peer);
    const reduced = await compare('paper, bfloat16', { file: paper.bfloat16, threads: count, warm: 1, iterations: 4 }, peer);
    return { demo, paper: large, paperBFloat16: reduced };
  } finally {
    await rm(paper.directory, { recursive: true });
  }
};

interface Speed {
  readonly iterationsPerSecond: number;
  readonly peakRssMb: number;
}

async function compare(name: string, input: IterationsInput, peer: string | null): Promise<Row> {
  const ours: Speed[] = [];
  const theirs: Speed[] = [];
  for (let i = 0; i < REPEATS; i++) {
    ours.push(await inChild<Speed>('./networks.ts', input));
    if (peer) theirs.push(await jsonOf(peer, [PEER, ...(await peerArguments(input))]));
  }
  const whole = await inChild<Speed>('./iterations.ts', input);
  const rate = (speeds: readonly Speed[]) => median(speeds.map(({ iterationsPerSecond }) => iterationsPerSecond));
  const memory = (speeds: readonly Speed[]) => Math.max(...speeds.map(({ peakRssMb }) => peakRssMb));
  const ratio = peer ? rate(ours) / rate(theirs) : null;
  const numbers = [rate(ours), peer ? rate(theirs) : null, ratio, whole.iterationsPerSecond, memory(ours), peer ? memory(theirs) : null];
  const cells = numbers.map((value, i) => (value === null ? '-' : value.toFixed(i < 4 ? 2 : 0)).padStart(COLUMNS[i + 1]![1]));
  console.log(`${name.padEnd(COLUMNS[0][1])}${cells.join('')}`);
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
