import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { median } from './child.ts';
import type { Benchmark } from './main.ts';
import { asyndgan, DEMO, inFolder, journalOf } from './run.ts';

const REPEATS = 3;

/** Seconds from the start of `asyndgan run` on the demo until its first iteration is in the journal. */
export const start: Benchmark = async () => {
  const seconds: number[] = [];
  for (let i = 0; i < REPEATS; i++) seconds.push(await secondsToFirstIteration());
  console.log(`first iteration after ${seconds.map((value) => value.toFixed(2)).join(', ')} s`);
  return { secondsToFirstIteration: median(seconds) };
};

const secondsToFirstIteration = (): Promise<number> =>
  inFolder(async (folder) => {
    const out = join(folder, 'run');
    const began = performance.now();
    const run = asyndgan(['run', DEMO, '--out', out]);
    try {
      while ((await journalOf(out)).length === 0) await Promise.race([setTimeout(10), run.ended]);
      return (performance.now() - began) / 1000;
    } finally {
      await run.stop();
    }
  });
