import { encodeGrid, type GridRow } from '../images/grid.ts';
import type { SegmentationResult } from '../summary.ts';
import type { ReportInput } from './input.ts';
import type { LossPoint } from './loss-chart.ts';

const SITES = ['fluorescence-small', 'fluorescence-large', 'histology-light', 'histology-dark'] as const;
const SIZE = 32;

/** An invented run with baselines, for tests and previews. The last site has no test split. */
export function exampleReport(): ReportInput {
  const samples = SITES.map((label, s): GridRow => ({ label, cells: [0, 1, 2, 3].map((k) => discs(4 * s + k)) }));
  return {
    name: 'nuclei',
    created: new Date('2026-03-04T05:06:07Z'),
    sites: SITES,
    experimentYaml: 'apiVersion: asyndgan.io/v1alpha1\nkind: AsynDGANExperiment\nmetadata: {name: nuclei}\n',
    image: { size: SIZE, channels: 3 },
    samples,
    sampleTimeline: [0, 100, 200, 300, 400].map((iteration) => ({ iteration, png: encodeGrid(samples, SIZE, 3) })),
    losses: Array.from({ length: 400 }, (_, iteration) => lossesAt(iteration)),
    originalBytesPerIteration: { down: 98_304, up: 98_304 },
    summary: {
      schema: 'asyndgan.io/summary/v1',
      backend: 'TensorFlow cpu',
      versions: { asyndgan: '0.1.0', node: 'v24.21.0', tensorflow: '2.21.0' },
      seed: 1,
      iterations: 400,
      iterationsPerSecond: 6.12,
      seconds: { train: 65.4, synthesize: 4.2, evaluate: 38.9, baselines: 160.2 },
      bytesPerIteration: Object.fromEntries(SITES.map((site) => [site, { down: 28_300, up: 49_400 }])),
      segmentation: {
        asyndgan: result([0.871, 0.93, 0.856]),
        realAll: result([0.884, 0.943, 0.853]),
        realSubset: Object.fromEntries(SITES.map((site, s) => [site, result(s < 2 ? [0.89, 0.92, 0.29] : [0.02, 0.01, 0.9])])),
        synAll: result([0.84, 0.88, 0.8]),
      },
      frechetTexture: { 'fluorescence-small': 12.4, 'fluorescence-large': 9.8, 'histology-light': 15.1, 'histology-dark': 11 },
      parameters: { generator: 356_388, discriminator: 262_057 },
      peakRssMB: 812.4,
      threads: 2,
    },
  };
}

function result(dice: readonly number[]): SegmentationResult {
  const score = (value: number) => ({ dice: value, aji: 0.7 * value, hd95: 30 * (1 - value), sensitivity: value, specificity: 0.97 });
  return {
    mean: score(dice.reduce((sum, value) => sum + value, 0) / dice.length),
    sites: Object.fromEntries(dice.map((value, s) => [SITES[s]!, score(value)])),
  };
}

/** Losses that settle while they swing; the third site is away for some iterations. */
function lossesAt(iteration: number): LossPoint {
  const present = SITES.filter((_, s) => s !== 2 || iteration < 150 || iteration > 190);
  const swing = (s: number, pace: number): number => Math.sin(iteration * pace + s) * (0.12 + 0.3 * Math.exp(-iteration / 60));
  const sites = present.map((site, s) => {
    const discriminator = 1.1 + 0.8 * Math.exp(-iteration / 40) + swing(s, 1.7);
    return [site, { discriminator, generator: 0.5 + 0.2 * s - Math.exp(-iteration / 70) + swing(s, 2.3) }];
  });
  return { iteration, sites: Object.fromEntries(sites) };
}

/** A label map of a few discs and an image that follows it. */
function discs(seed: number): GridRow['cells'][number] {
  const mask = new Uint8Array(SIZE * SIZE);
  const image = new Uint8Array(SIZE * SIZE * 3);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    const distance = Math.min(...[0, 1, 2, 3].map((k) => Math.hypot(x - ((7 * seed + 11 * k) % SIZE), y - ((5 * seed + 17 * k) % SIZE))));
    mask[i] = distance < 5 ? 1 : distance < 6 ? 2 : 0;
    image.set(
      [90, 60 + 8 * seed, 120].map((level) => Math.max(0, Math.min(255, level + 60 - 10 * distance))),
      3 * i,
    );
  }
  return { mask, image };
}
