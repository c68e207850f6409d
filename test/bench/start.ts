import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from './child.ts';
import type { Benchmark } from './main.ts';

const DEMO = fileURLToPath(new URL('../../k8s/samples/nuclei.yaml', import.meta.url));
const MAIN = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const REPEATS = 3;

/** Seconds from the start of `asyndgan run` on the demo until its first iteration is in the journal. */
export const start: Benchmark = async () => {
  const seconds: number[] = [];
  for (let i = 0; i < REPEATS; i++) seconds.push(await secondsToFirstIteration());
  console.log(`first iteration after ${seconds.map((value) => value.toFixed(2)).join(', ')} s`);
  return { secondsToFirstIteration: median(seconds) };
};

async function secondsToFirstIteration(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'asyndgan-start-'));
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, 'run', DEMO, '--out', join(directory, 'run')], { stdio: 'ignore' });
  try {
    while (!(await hasLine(join(directory, 'run', 'journal.jsonl')))) {
      if (child.exitCode !== null) throw new Error(`asyndgan run ended with ${child.exitCode} before its first iteration`);
      await setTimeout(10);
    }
    return (performance.now() - began) / 1000;
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true });
  }
}

const hasLine = async (file: string): Promise<boolean> => (await readFile(file, 'utf8').catch(() => '')).includes('\n');
