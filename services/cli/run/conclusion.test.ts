import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SegmentationResult, Summary } from '#evaluator';
import { conclusion } from './conclusion.ts';
import { layout } from './output.ts';

const result = (dice: number): SegmentationResult => ({
  mean: { dice, aji: 0.5, hd95: 3.25, sensitivity: 1, specificity: 1 },
  sites: {},
});

function conclude(segmentation: Summary['segmentation']): string[] {
  const summary: Summary = {
    schema: 'asyndgan.io/summary/v1',
    backend: 'TensorFlow',
    versions: {},
    seed: 1,
    iterations: 400,
    iterationsPerSecond: 5.678,
    seconds: { train: 70, synthesize: 4, evaluate: 50 },
    bytesPerIteration: { north: { down: 20_000, up: 30_000 }, south: { down: 40_000, up: 60_000 } },
    segmentation,
    frechetTexture: {},
    parameters: { generator: 1, discriminator: 1 },
    peakRssMB: 500,
    threads: 2,
  };
  return conclusion(layout('out/nuclei'), summary, 135).split('\n');
}

test('the headline numbers, the best single site among them, then speed, traffic, time and where the results are', () => {
  const lines = conclude({
    asyndgan: result(0.8),
    synAll: result(0.78),
    realAll: result(0.82),
    realSubset: { north: result(0.6), south: result(0.65), west: result(0.5) },
  });
  const rows = lines.filter((line) => line.includes('Dice')).map((line) => line.trim().replace(/ {2,}/g, ' | '));
  assert.deepEqual(rows, [
    'AsynDGAN (synthetic only) | Dice 0.800 | AJI 0.500 | HD95 3.3 px',
    'Syn-All (one pooled discriminator) | Dice 0.780 | AJI 0.500 | HD95 3.3 px',
    'Real-All (everybody pools) | Dice 0.820 | AJI 0.500 | HD95 3.3 px',
    'best single site (south) | Dice 0.650 | AJI 0.500 | HD95 3.3 px',
  ]);
  assert.deepEqual(lines.slice(-3), [
    '5.68 iterations/s; 75.0 kB for each site and iteration; 2 min 15 s in all, 1 min 10 s of it training',
    'report   out/nuclei/report.html',
    'release  out/nuclei/release',
  ]);
});

test('what was not scored is not told', () => {
  assert.doesNotMatch(conclude({ asyndgan: null }).join(), /Dice|segmenter/);
  assert.equal(conclude({ asyndgan: result(0.8) }).filter((line) => line.includes('Dice')).length, 1);
});
