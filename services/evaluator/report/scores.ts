import type { SegmentationResult } from '../summary.ts';
import { barChart } from './bar-chart.ts';
import { share, tenth } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';
import { table } from './table.ts';

/** A segmenter by what it was trained on. */
interface Rival {
  readonly name: string;
  readonly result: SegmentationResult;
}

export function scoresSection(input: ReportInput): Html {
  const { asyndgan } = input.summary.segmentation;
  return html`<section aria-labelledby="scores">
<h2 id="scores">What a segmenter learns from them</h2>
${asyndgan ? charts(input, asyndgan) : null}
${siteTable(input)}
${baselineTable(input)}
</section>`;
}

function charts(input: ReportInput, asyndgan: SegmentationResult): Html {
  const rivals = [{ name: 'AsynDGAN', result: asyndgan }, ...baselinesShown(input.summary)];
  const groups = (metric: 'dice' | 'aji') => [
    { label: 'mean', values: rivals.map(({ result }) => result.mean[metric]) },
    ...Object.keys(asyndgan.sites).map((site) => ({
      label: site,
      values: rivals.map(({ result }) => result.sites[site]?.[metric] ?? null),
    })),
  ];
  return html`<p class="legend">${rivals.map(({ name }, k) => html`<span class="key series-${k}">${name}</span>`)}</p>
<div class="charts">
<figure><figcaption>Dice <small>pixels, 1 is best</small></figcaption>${barChart('Dice on real test images', groups('dice'))}</figure>
<figure><figcaption>AJI <small>instances, 1 is best</small></figcaption>${barChart('AJI on real test images', groups('aji'))}</figure>
</div>`;
}

/** Of the single sites only the best one, by its mean Dice; the table has them all. */
function baselinesShown({ segmentation: { realAll, realSubset, synAll } }: ReportInput['summary']): Rival[] {
  const subsets = Object.entries(realSubset ?? {}).sort(([, a], [, b]) => b.mean.dice - a.mean.dice);
  const best = subsets.slice(0, 1).map(([site, result]) => ({ name: `best single site (${site})`, result }));
  return [...(realAll ? [{ name: 'Real-All', result: realAll }] : []), ...best, ...(synAll ? [{ name: 'Syn-All', result: synAll }] : [])];
}

function siteTable({ summary, sites }: ReportInput): Html {
  const { asyndgan } = summary.segmentation;
  const unscored = sites.filter((site) => !asyndgan?.sites[site]);
  const cells = ({ dice, aji, hd95, sensitivity, specificity }: SegmentationResult['mean']): string[] => [
    share(dice),
    share(aji),
    tenth(hd95),
    share(sensitivity),
    share(specificity),
  ];
  const rows = sites.map((site): Content[] => {
    const score = asyndgan?.sites[site];
    const distance = summary.frechetTexture[site];
    return [site, ...(score ? cells(score) : new Array<string>(5).fill('–')), distance === undefined ? '–' : tenth(distance)];
  });
  const mean = asyndgan ? [['mean', ...cells(asyndgan.mean), '']] : [];
  return html`<h3>AsynDGAN by site</h3>
${table(['site', 'Dice', 'AJI', 'HD95 (px)', 'sensitivity', 'specificity', 'FTD-48'], rows, mean)}
<p class="note">${unscored.length > 0 ? html`<strong>Not scored, since without a test split:</strong> ${unscored.join(', ')}. ` : null}HD95: 95th percentile of the surface distance, lower is better. FTD‑48: Frechet distance on 48 fixed texture features between the site's real and its synthetic images, lower is better; it is no FID and compares only with other FTD‑48 values.</p>`;
}

function baselineTable({ summary: { segmentation } }: ReportInput): Html | null {
  const { asyndgan, realAll, realSubset, synAll } = segmentation;
  const subsets = Object.entries(realSubset ?? {}).map(([site, result]) => ({ name: `real, ${site} alone`, result }));
  const rivals: Rival[] = [
    ...(asyndgan ? [{ name: 'synthetic (AsynDGAN)', result: asyndgan }] : []),
    ...(realAll ? [{ name: 'real, all sites (Real-All)', result: realAll }] : []),
    ...subsets,
    ...(synAll ? [{ name: 'synthetic, one pooled discriminator (Syn-All)', result: synAll }] : []),
  ];
  if (rivals.length < 2) return null;
  const sites = Object.keys(rivals[0]!.result.sites);
  const rows = rivals.map(({ name, result: { mean, sites: bySite } }) => {
    const perSite = sites.map((site) => (bySite[site] ? share(bySite[site].dice) : '–'));
    return [name, share(mean.dice), share(mean.aji), tenth(mean.hd95), ...perSite];
  });
  return html`<h3>Against other training data</h3>
${table(['trained on', 'mean Dice', 'mean AJI', 'mean HD95 (px)', ...sites.map((site) => `Dice ${site}`)], rows)}
<p class="note">The same segmenter with the same number of steps each time; only its training images differ.</p>`;
}
