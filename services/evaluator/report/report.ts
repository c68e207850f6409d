import { configurationSection } from './configuration.ts';
import { timeSection, wireSection } from './cost.ts';
import { headline } from './headline.ts';
import { type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';
import { lossChart, lossRange } from './loss-chart.ts';
import { samplesSection } from './samples.ts';
import { scoresSection } from './scores.ts';
import { STYLE } from './style.ts';

/** The report of a run as one HTML page that needs no other file, no network and no script. */
export function renderReport(input: ReportInput): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${input.name} · AsynDGAN report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${headline(input)}
${samplesSection(input)}
${scoresSection(input)}
${lossesSection(input)}
${wireSection(input)}
${timeSection(input)}
${configurationSection(input)}
</main>
<footer>
<p>This page holds no real image: pictures are synthetic, label maps are those that the sites shared for training. It is not a medical device.</p>
</footer>
</body>
</html>
`;
  return page.markup;
}

function lossesSection({ losses, sites }: ReportInput): Html | null {
  if (losses.length === 0) return null;
  const range = lossRange(losses);
  return html`<section aria-labelledby="losses">
<h2 id="losses">Training losses</h2>
<p class="legend"><span class="key discriminator">discriminator</span><span class="key generator">generator</span></p>
<p class="note">One scale for all sites. Band: lowest to highest of each stretch of iterations; line: smoothed mean. Adversarial losses balance each other and need not fall.</p>
<div class="panels">${sites.map((site) => html`<figure><figcaption>${site}</figcaption>${lossChart(site, losses, range)}</figure>`)}</div>
</section>`;
}
