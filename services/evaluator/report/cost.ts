import { bytes, count, duration, percent, tenth } from './format.ts';
import { type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';
import { table } from './table.ts';

/** Bytes of the whole run, as sent and as the original's format would have been, for the sites that exchanged anything. */
export function bytesOfRun({ summary, originalBytesPerIteration }: ReportInput): { sent: number; original: number } {
  const sites = Object.values(summary.bytesPerIteration);
  const perIteration = sites.reduce((sum, { down, up }) => sum + down + up, 0);
  const original = sites.length * (originalBytesPerIteration.down + originalBytesPerIteration.up);
  return { sent: perIteration * summary.iterations, original: original * summary.iterations };
}

export function wireSection(input: ReportInput): Html {
  const { bytesPerIteration, iterations } = input.summary;
  const sites = Object.entries(bytesPerIteration);
  const sum = (of: 'down' | 'up'): number => sites.reduce((total, [, each]) => total + each[of], 0);
  const rowOf = (name: string, down: number, up: number): string[] => [
    name,
    bytes(down),
    bytes(up),
    bytes(down + up),
    bytes((down + up) * iterations),
  ];
  const { down, up } = input.originalBytesPerIteration;
  return html`<section aria-labelledby="wire">
<h2 id="wire">Bytes on the wire</h2>
${table(
  ['per iteration', 'down', 'up', 'both', 'whole run'],
  sites.map(([site, each]) => rowOf(site, each.down, each.up)),
  [rowOf('all sites', sum('down'), sum('up')), rowOf("all sites, original's fp32", sites.length * down, sites.length * up)],
)}
<p class="note">Down: synthetic images, and which label maps they were drawn from. Up: the gradient of the loss with respect to these images. The label maps themselves went to the hub once, before the training, and are not in here. The last row is the same exchange in the original's format: 32-bit floats both ways.</p>
</section>`;
}

export function timeSection({ summary }: ReportInput): Html {
  const { train, synthesize, evaluate, ...others } = summary.seconds;
  const phases = Object.entries({ train, synthesize, evaluate, ...others });
  const total = phases.reduce((sum, [, seconds]) => sum + seconds, 0);
  const { generator, discriminator } = summary.parameters;
  return html`<section aria-labelledby="time">
<h2 id="time">Time and size</h2>
${strip(phases, total)}
<dl class="pairs-list">
${phases.map(([name, seconds], k) => html`<div><dt><span class="key phase-${k % 6}">${name}</span></dt><dd>${duration(seconds)} <small>${percent(total > 0 ? seconds / total : 0)}</small></dd></div>`)}
<div><dt>speed</dt><dd>${summary.iterationsPerSecond.toFixed(2)} iterations/s</dd></div>
<div><dt>threads</dt><dd>${summary.threads}</dd></div>
<div><dt>peak memory</dt><dd>${tenth(summary.peakRssMB)} MB</dd></div>
<div><dt>generator</dt><dd>${count(generator)} parameters</dd></div>
<div><dt>discriminator</dt><dd>${count(discriminator)} parameters <small>each site</small></dd></div>
</dl>
</section>`;
}

/** The phases of the run end to end, as shares of the whole. */
function strip(phases: readonly (readonly [string, number])[], total: number): Html | null {
  if (total === 0) return null;
  let x = 0;
  const parts = phases.map(([name, seconds], k) => {
    const width = (100 * seconds) / total;
    x += width;
    return html`<rect class="phase-${k % 6}" x="${(x - width).toFixed(2)}%" y="0" width="${width.toFixed(2)}%" height="14"><title>${name}: ${duration(seconds)}</title></rect>`;
  });
  return html`<svg class="strip" role="img" aria-label="Share of each phase in ${duration(total)}" width="100%" height="14">${parts}</svg>`;
}
