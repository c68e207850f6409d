import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { exampleReport } from './example.ts';
import { bytes, duration } from './format.ts';
import { Html, html } from './html.ts';
import type { ReportInput } from './input.ts';
import { lossChart, lossRange } from './loss-chart.ts';
import { renderReport } from './report.ts';
import { evenly } from './samples.ts';

const example = exampleReport();
const withSummary = (change: Partial<ReportInput['summary']>): ReportInput => ({ ...example, summary: { ...example.summary, ...change } });

/** What a reader sees: without style, markup and pictures. */
const visible = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

test('the headline says the mean Dice and its share of Real-All', () => {
  const text = visible(renderReport(example));
  assert.match(text, /mean Dice of 0\.886 on real test images/);
  assert.match(text, /99\.1 % of one trained on the real images of all sites/);
});

test('without baselines there is no ratio and no comparison', () => {
  const { asyndgan } = example.summary.segmentation;
  const text = visible(renderReport(withSummary({ segmentation: { asyndgan } })));
  assert.match(text, /mean Dice of 0\.886 on real test images\./);
  assert.doesNotMatch(text, /Real-All|Against other training data/);
});

test('sites without a test split are named as not scored', () => {
  assert.match(visible(renderReport(example)), /without a test split: histology-dark\./);
});

test('a run without any test split says so', () => {
  const text = visible(renderReport(withSummary({ segmentation: { asyndgan: null }, frechetTexture: {} })));
  assert.match(text, /its images were not scored/);
  assert.match(text, /without a test split: fluorescence-small, fluorescence-large, histology-light, histology-dark\./);
});

test('bytes: sums over the sites, the whole run, and fp32 both ways to compare with', () => {
  const text = visible(renderReport(example));
  assert.match(text, /fluorescence-small 28\.3 kB 49\.4 kB 77\.7 kB 31\.1 MB/);
  assert.match(text, /all sites 113\.2 kB 197\.6 kB 310\.8 kB 124\.3 MB/);
  assert.match(text, /all sites, original&#39;s fp32 393\.2 kB 393\.2 kB 786\.4 kB 314\.6 MB/);
  assert.match(text, /On the wire 124\.3 MB in fp32: 314\.6 MB/);
});

test('the page needs nothing from elsewhere and runs nothing', () => {
  const page = renderReport(example);
  assert.doesNotMatch(page, /<script|<link|@import|url\(|href=|https?:/);
  for (const [, source] of page.matchAll(/src="([^"]*)/g)) assert.match(source!, /^data:image\/png;base64,/);
});

test('every picture and chart has a text for those who do not see it', () => {
  const page = renderReport(example);
  for (const [image] of page.matchAll(/<img [^>]*>/g)) assert.match(image.replace(/src="[^"]*"/, ''), /alt="[^"]{10,}"/);
  const charts = [...page.matchAll(/<svg class[^>]*>/g)];
  assert.equal(charts.length, 2 + 4 + 1);
  for (const [chart] of charts) assert.match(chart, /role="img" aria-label="[^"]{5,}"/);
});

test('names and configuration are text, whatever they hold', () => {
  const evil = '<script>alert("x")</script>';
  const page = renderReport({
    ...example,
    name: evil,
    sites: [evil],
    experimentYaml: evil,
    samples: [{ ...example.samples[0]!, label: evil }],
  });
  assert.doesNotMatch(page, /<script/);
  assert.equal(page.split('&#60;script&#62;alert(&#34;x&#34;)').length - 1 >= 6, true);
});

test('tags are balanced', () => {
  const open: string[] = [];
  for (const [, close, name, rest] of renderReport(example).matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (['meta', 'img'].includes(name!) || rest!.endsWith('/')) continue;
    if (close) assert.equal(open.pop(), name);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
});

test('html escapes values, keeps markup, joins lists and drops null', async () => {
  assert.equal(html`<a title="${'"'}">${['<', html`<b>${1}</b>`, null]}</a>`.markup, '<a title="&#34;">&#60;<b>1</b></a>');
  await fc.assert(fc.property(fc.string(), (text) => !/[<>"']/.test(html`${text}`.markup)));
  assert.ok(html`` instanceof Html);
});

test('loss curves break where a site was away and skip what is not finite', () => {
  const at = (iteration: number, value: number | null) => ({
    iteration,
    sites: value === null ? {} : { a: { discriminator: value, generator: 0 } },
  });
  const points = [at(0, 1), at(1, 1), at(2, null), at(3, Number.NaN), at(4, 1)];
  const line = /line discriminator" d="([^"]*)/.exec(lossChart('a', points, lossRange(points)).markup)![1]!;
  assert.equal(line.match(/M/g)?.length, 2);
  assert.doesNotMatch(line, /NaN|Infinity/);
});

test('the range of the losses ignores single wild values and survives none', () => {
  const calm = Array.from({ length: 300 }, (_, iteration) => ({ iteration, sites: { a: { discriminator: 1, generator: -1 } } }));
  const wild = { iteration: 300, sites: { a: { discriminator: 1e9, generator: Number.NaN } } };
  assert.deepEqual(lossRange([...calm, wild]), { low: -1, high: 1 });
  assert.deepEqual(lossRange([]), { low: 0, high: 1 });
});

test('a long run is drawn with no more points than a short one', () => {
  const point = (iteration: number) => ({ iteration, sites: { a: { discriminator: Math.sin(iteration), generator: 0 } } });
  const points = Array.from({ length: 20_000 }, (_, iteration) => point(iteration));
  assert.ok(lossChart('a', points, lossRange(points)).markup.length < 12_000);
});

test('a report without losses, samples or iterations is still a page', () => {
  const page = renderReport({ ...withSummary({ iterations: 0, bytesPerIteration: {} }), losses: [], samples: [], sampleTimeline: [] });
  assert.doesNotMatch(page, /NaN|Infinity|undefined/);
});

test('evenly keeps the first and the last', () => {
  assert.deepEqual(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 6), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(evenly([1, 2], 6), [1, 2]);
});

test('bytes and durations', () => {
  assert.deepEqual([0, 999, 49_152, 19_700_000].map(bytes), ['0 B', '999 B', '49.2 kB', '19.7 MB']);
  assert.deepEqual([8.42, 125, 11_530].map(duration), ['8.4 s', '2 min 05 s', '3 h 12 min']);
});
