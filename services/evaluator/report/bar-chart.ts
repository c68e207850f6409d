import { share } from './format.ts';
import { type Html, html } from './html.ts';

export interface BarGroup {
  readonly label: string;
  /** One per series; null where the series has no value here. */
  readonly values: readonly (number | null)[];
}

const BAR = 13;
const STEP = 17;
const HEADING = 22;
const GAP = 14;
/** Share of the width for a bar of 1, so that its value still fits beside it. */
const FULL = 84;

/**
 * Horizontal bars of values from 0 to 1, grouped. Lengths are percentages and heights pixels, so that text keeps its size at any width.
 * Series k has the CSS class `series-k`.
 */
export function barChart(title: string, groups: readonly BarGroup[]): Html {
  let y = 0;
  const parts = groups.map(({ label, values }) => {
    const bars = values.flatMap((value, series) => (value === null ? [] : [{ value, series }]));
    const top = y;
    y += HEADING + bars.length * STEP + GAP;
    return html`<text class="group" x="0" y="${top + 14}">${label}</text>
${bars.map(({ value, series }, i) => bar(value, series, top + HEADING + i * STEP))}`;
  });
  return html`<svg class="bars" role="img" aria-label="${title}" width="100%" height="${Math.max(y - GAP, 0)}"><title>${title}</title>${parts}</svg>`;
}

function bar(value: number, series: number, y: number): Html {
  const width = (FULL * value).toFixed(2);
  return html`<rect class="track" x="0" y="${y}" width="${FULL}%" height="${BAR}" rx="2"/><rect class="series-${series}" x="0" y="${y}" width="${width}%" height="${BAR}" rx="2"/><text class="value" x="${width}%" dx="6" y="${y + 11}">${share(value)}</text>`;
}
