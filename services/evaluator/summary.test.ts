import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SummaryInvalidError } from './errors.ts';
import { exampleReport } from './report/example.ts';
import { parseSummary, summarySchema } from './summary.ts';

const { summary } = exampleReport();
const documentation = readFileSync(new URL('../../docs/summary.md', import.meta.url), 'utf8');

test('a summary survives its way through JSON', () => {
  assert.deepEqual(parseSummary(JSON.parse(JSON.stringify(summary)), 'summary.json'), summary);
});

test("the documentation's example is a valid summary", () => {
  const example = /```json\n(.*?)```/s.exec(documentation)![1]!;
  assert.equal(parseSummary(JSON.parse(example), 'docs/summary.md').schema, 'asyndgan.io/summary/v1');
});

test('the documentation explains every key', () => {
  for (const key of Object.keys(summarySchema.shape)) assert.match(documentation, new RegExp(`^\\| \`${key}[^|]*\` \\|`, 'm'), key);
});

test('a run without a test split and without baselines has a summary', () => {
  parseSummary({ ...summary, segmentation: { asyndgan: null }, frechetTexture: {} }, 'summary.json');
});

for (const [name, change] of [
  ['an unknown key', { extra: 1 }],
  ['a Dice above 1', { segmentation: { asyndgan: { mean: { ...summary.segmentation.asyndgan!.mean, dice: 1.1 }, sites: {} } } }],
  ['a loss of seconds', { seconds: { train: 1, evaluate: 1 } }],
  ['a number that is not finite', { iterationsPerSecond: Number.NaN }],
] as const) {
  test(`${name} is refused with the file's name`, () => {
    assert.throws(
      () => parseSummary({ ...summary, ...change }, 'out/summary.json'),
      (error) => error instanceof SummaryInvalidError && error.message.startsWith('out/summary.json'),
    );
  });
}
