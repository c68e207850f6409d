import { availableParallelism } from 'node:os';
import { inChild } from './child.ts';
import type { IterationsResult } from './iterations.ts';
import type { Benchmark } from './main.ts';
import { DEMO } from './run.ts';

/** Native tensors and resident memory over 1,000 iterations of the demo, after 200 of warm-up. */
export const memory: Benchmark = async ({ threads }) => {
  const input = { file: DEMO, threads: threads ?? availableParallelism(), warm: 200, iterations: 1000 };
  const { rssMb, handles, peakRssMb } = await inChild<IterationsResult>('./iterations.ts', input);
  console.log('iteration   RSS MB   native tensors');
  for (const [i, mb] of rssMb.entries()) {
    console.log(`${String(input.warm + 100 * i).padStart(9)}${mb.toFixed(1).padStart(9)}${String(handles[i]).padStart(17)}`);
  }
  return {
    handlesConstant: handles.every((count) => count === handles[0]),
    rssGrowthMB: round(rssMb.at(-1)! - rssMb[0]!),
    peakRssMB: round(peakRssMb),
  };
};

const round = (value: number): number => Math.round(10 * value) / 10;
