import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSummary, type Summary } from '#evaluator';
import type { Benchmark } from './main.ts';
import { asyndgan, DEMO, inFolder } from './run.ts';

const SEEDS = 3;

/** Dice of a segmenter trained on the release alone, against the same segmenter trained on real images; the demo with each of the seeds 1, 2, ... */
export const quality: Benchmark = async ({ seeds }) => {
  const ratioToRealAll: number[] = [];
  const aboveBestSite: number[] = [];
  console.log('seed  AsynDGAN Dice/AJI   Real-All Dice/AJI   Syn-All Dice/AJI   best site   ratio to Real-All   above best site');
  for (let seed = 1; seed <= (seeds ?? SEEDS); seed++) {
    const { asyndgan, realAll, realSubset, synAll } = (await runDemo(seed)).segmentation;
    const best = Math.max(...Object.values(realSubset!).map(({ mean }) => mean.dice));
    ratioToRealAll.push(asyndgan!.mean.dice / realAll!.mean.dice);
    aboveBestSite.push(asyndgan!.mean.dice - best);
    const pair = ({ mean }: { mean: { dice: number; aji: number } }) => `${mean.dice.toFixed(3)} / ${mean.aji.toFixed(3)}`;
    console.log(
      `${String(seed).padStart(4)}   ${pair(asyndgan!)}       ${pair(realAll!)}       ${pair(synAll!)}      ${best.toFixed(3)}       ${ratioToRealAll.at(-1)!.toFixed(3)}               ${aboveBestSite.at(-1)!.toFixed(3)}`,
    );
  }
  return { ratioToRealAll, aboveBestSite };
};

const runDemo = (seed: number): Promise<Summary> =>
  inFolder(async (folder) => {
    const out = join(folder, 'run');
    await asyndgan(['run', DEMO, '--out', out, '--seed', String(seed), '--baselines']).ended;
    const file = join(out, 'summary.json');
    return parseSummary(JSON.parse(await readFile(file, 'utf8')), file);
  });
