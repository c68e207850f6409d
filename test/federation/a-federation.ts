import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { stringify } from 'yaml';
import { readJournal } from '#generator';
import { Random } from '#nn';
import { SIZE } from '../a-small-run.ts';

/*
 * Federations of real processes for tests: a hub and two sites whose images and networks are so small that starting them takes longest.
 */

export const SITES = ['north', 'south'] as const;
const MAIN = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const PATIENCE_MS = 60_000;

type Fields = Readonly<Record<string, unknown>>;

export interface Trial {
  readonly folder: string;
  readonly experiment: string;
  /** What is undone at the end of the test, the newest first: a process writes into the folder until it has ended. */
  readonly after: AsyncDisposableStack;
}

/** An experiment file and the images that it names, in a temporary folder. */
export async function aTrial(
  t: TestContext,
  change: { training?: Fields; membership?: Fields; wire?: Fields; release?: Fields } = {},
): Promise<Trial> {
  const after = new AsyncDisposableStack();
  t.after(() => after.disposeAsync());
  const folder = await mkdtemp(join(tmpdir(), 'asyndgan-test-'));
  after.defer(() => rm(folder, { recursive: true }));
  for (const site of SITES) await writeImages(join(folder, site), site);
  const spec = {
    model: {
      image: { size: SIZE, channels: 3 },
      labels: { kind: 'Classes', classes: 3 },
      generator: { filters: 4, blocks: 1, siteCapacity: 4, latentChannels: 2 },
      discriminator: { filters: 4, layers: 2 },
    },
    training: { iterations: 40, batchSize: 2, cropSize: SIZE, seed: 5, checkpointEvery: 4, sampleEvery: 1000, ...change.training },
    wire: change.wire ?? {},
    membership: { minSites: SITES.length, ...change.membership },
    sites: SITES.map((name) => ({ name, dataset: { path: name, contrast: 'None' } })),
    release: change.release ?? { samples: 4, evaluate: { enabled: false } },
  };
  const experiment = join(folder, 'experiment.yaml');
  await writeFile(
    experiment,
    stringify({ apiVersion: 'asyndgan.io/v1alpha1', kind: 'AsynDGANExperiment', metadata: { name: 'small' }, spec }),
  );
  return { folder, experiment, after };
}

/** A running command. */
export interface Process {
  readonly pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Runs `asyndgan` with these arguments; what is left of it ends with the test. */
export function asyndgan(
  { after }: Trial,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { ownGroup = false } = {},
): Process {
  const child = spawn(process.execPath, [MAIN, ...args], {
    ...{ stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: ownGroup },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  after.defer(async () => {
    child.kill(args[0] === 'run' ? 'SIGTERM' : 'SIGKILL'); // a run ends its own processes
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  });
  return { pid: child.pid!, stdout: () => stdout, stderr: () => stderr, kill: (signal) => void child.kill(signal), ended };
}

/** Who takes part: the hub, or a site by its name. */
export type PartyName = 'hub' | (typeof SITES)[number];

/** Starts a party as a pod would; its state is in OUT, where every party of the trial keeps its own. */
export function aParty(trial: Trial, name: PartyName, server: string, env: Readonly<Record<string, string>> = {}): Process {
  const role = name === 'hub' ? ['generator'] : ['discriminator', '--site', name];
  return asyndgan(trial, [...role, '--config', trial.experiment], {
    ASYNDGAN_NATS_URL: server,
    ASYNDGAN_STATE: outOf(trial),
    ASYNDGAN_THREADS: '1',
    ASYNDGAN_HTTP_PORT: '-1',
    ...env,
  });
}

export const outOf = ({ folder }: Trial): string => join(folder, 'out');

/** The last checkpoint of the same run in one process, of one thread. */
export async function undisturbed(trial: Trial, iterations = 40): Promise<Buffer> {
  const { folder, experiment } = trial;
  const out = join(folder, 'undisturbed');
  const { code, stderr } = await asyndgan(trial, ['run', experiment, '--out', out, '--threads', '1']).ended;
  if (code !== 0) throw new Error(stderr);
  return hubCheckpoint(out, iterations);
}

export const hubCheckpoint = (out: string, iterations = 40): Promise<Buffer> =>
  readFile(join(out, 'checkpoints', 'hub', `${String(iterations).padStart(8, '0')}.ckpt`));

/** Waits until the hub has done so many iterations. */
export const iterations = (out: string, count: number): Promise<void> =>
  eventually(`${count} iterations`, async () => (await readJournal(join(out, 'journal.jsonl'))).length >= count);

export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await condition()); await sleep(10))
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
}

/** Images of noise; the red channel follows the classes. */
async function writeImages(folder: string, site: string): Promise<void> {
  const grey = { width: SIZE, height: SIZE, depth: 8 } as const;
  for (const [split, count] of [
    ['train', 4],
    ['test', 2],
  ] as const)
    for (let i = 0; i < count; i++) {
      const random = new Random('images', site, split, i);
      const classes = Uint8Array.from({ length: SIZE * SIZE }, () => random.integer(3));
      const image = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, k) => (k % 3 === 0 ? 100 * classes[k / 3]! : random.integer(256)));
      for (const [kind, channels, data] of [
        ['images', 3, image],
        ['labels', 1, classes],
      ] as const) {
        await mkdir(join(folder, split, kind), { recursive: true });
        await writeFile(join(folder, split, kind, `${i}.png`), encode({ ...grey, channels, data }));
      }
    }
}
