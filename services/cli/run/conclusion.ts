import type { SegmentationResult, Summary } from '#evaluator';
import type { Output } from './output.ts';
import { duration } from './progress.ts';

/** What a run says at its end: the headline numbers, how long it took, where the results are. seconds: of the whole run. */
export function conclusion({ report, release }: Output, summary: Summary, seconds: number): string {
  const { asyndgan, synAll, realAll, realSubset } = summary.segmentation;
  const rows = [
    asyndgan && row('AsynDGAN (synthetic only)', asyndgan),
    synAll && row('Syn-All (one pooled discriminator)', synAll),
    realAll && row('Real-All (everybody pools)', realAll),
    realSubset && bestOf(realSubset),
  ].filter((line) => typeof line === 'string');
  const traffic = Object.values(summary.bytesPerIteration).map(({ down, up }) => (down + up) / 1000);
  const mean = traffic.reduce((sum, kilobytes) => sum + kilobytes, 0) / traffic.length;
  return [
    '',
    ...(rows.length > 0 ? ["A segmenter trained on these images, scored on the sites' real test images:", ...rows, ''] : []),
    `${summary.iterationsPerSecond.toFixed(2)} iterations/s; ${mean.toFixed(1)} kB for each site and iteration; ${duration(seconds)} in all, ${duration(summary.seconds.train)} of it training`,
    `report   ${report}`,
    `release  ${release}`,
  ].join('\n');
}

const row = (name: string, { mean }: SegmentationResult): string =>
  `  ${name.padEnd(36)} Dice ${mean.dice.toFixed(3)}   AJI ${mean.aji.toFixed(3)}   HD95 ${mean.hd95.toFixed(1)} px`;

function bestOf(subsets: Readonly<Record<string, SegmentationResult>>): string | null {
  const [best] = Object.entries(subsets).sort(([, a], [, b]) => b.mean.dice - a.mean.dice);
  return best ? row(`best single site (${best[0]})`, best[1]) : null;
}
