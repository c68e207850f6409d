import { bytesOfRun } from './cost.ts';
import { bytes, duration, percent, share, tenth } from './format.ts';
import { type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';

export function headline(input: ReportInput): Html {
  const { summary, sites } = input;
  const facts = [
    `${sites.length} ${sites.length === 1 ? 'site' : 'sites'}`,
    `${summary.iterations} iterations`,
    `seed ${summary.seed}`,
    summary.backend,
    input.created.toISOString().slice(0, 10),
  ];
  return html`<header>
<p class="brand">AsynDGAN</p>
<h1>${input.name}</h1>
<p class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
<p class="lead">${lead(input)}</p>
<dl class="tiles">${tiles(input).map(({ label, value, note }) => html`<div><dt>${label}</dt><dd><b>${value}</b><span>${note}</span></dd></div>`)}</dl>
</header>`;
}

function lead({ summary: { segmentation } }: ReportInput): Html {
  const { asyndgan, realAll } = segmentation;
  if (!asyndgan) return html`The generator was trained; its images were not scored.`;
  const dice = asyndgan.mean.dice;
  const start = html`A segmenter trained on synthetic images alone reaches a mean Dice of <strong>${share(dice)}</strong> on real test images`;
  if (!realAll) return html`${start}.`;
  return html`${start}: <strong>${percent(dice / realAll.mean.dice)}</strong> of one trained on the real images of all sites together.`;
}

interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

function tiles(input: ReportInput): Tile[] {
  const { summary } = input;
  const { asyndgan, realAll } = summary.segmentation;
  const { sent, original } = bytesOfRun(input);
  const against = (real: number | undefined, format: (value: number) => string): string =>
    real === undefined ? 'mean over the sites' : `Real-All ${format(real)}`;
  const scored: Tile[] = asyndgan
    ? [
        { label: 'Dice', value: share(asyndgan.mean.dice), note: against(realAll?.mean.dice, share) },
        { label: 'AJI', value: share(asyndgan.mean.aji), note: against(realAll?.mean.aji, share) },
        { label: 'HD95', value: `${tenth(asyndgan.mean.hd95)} px`, note: against(realAll?.mean.hd95, tenth) },
      ]
    : [];
  return [
    ...scored,
    { label: 'Training', value: duration(summary.seconds.train), note: `${summary.iterationsPerSecond.toFixed(2)} iterations/s` },
    { label: 'On the wire', value: bytes(sent), note: `in fp32: ${bytes(original)}` },
  ];
}
