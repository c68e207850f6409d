import { type Html, html } from './html.ts';

export interface LossPoint {
  readonly iteration: number;
  /** The sites that took part in this iteration. */
  readonly sites: Readonly<Record<string, { readonly discriminator: number; readonly generator: number }>>;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

type Side = 'discriminator' | 'generator';

const HEIGHT = 168;
const TOP = 14;
const BOTTOM = 22;
/** Resolution of the drawing; it is stretched to the figure's width. */
const COLUMNS = 100;
const ROWS = 100;
/** Weight of what came before in the smoothed line, per column. */
const MEMORY = 0.6;

/** Losses of one site over the iterations: a pale band from the lowest to the highest of each stretch, and its smoothed mean. */
export function lossChart(site: string, points: readonly LossPoint[], { low, high }: Range): Html {
  const title = `Losses of the discriminator and the generator at ${site}`;
  const first = points[0]?.iteration ?? 0;
  const last = points.at(-1)?.iteration ?? 0;
  const toRow = (value: number): number => ROWS * Math.min(Math.max((high - value) / (high - low), 0), 1);
  const curves = (['discriminator', 'generator'] as const).map((side) => curve(side, columns(points, site, side, first, last), toRow));
  const lines = ticks(low, high).map((tick) => ({ tick, y: TOP + ((HEIGHT - TOP - BOTTOM) * toRow(tick)) / ROWS }));
  return html`<svg class="loss" role="img" aria-label="${title}" width="100%" height="${HEIGHT}"><title>${title}</title>
${lines.map(({ tick, y }) => html`<line class="${tick === 0 ? 'zero' : 'grid'}" x1="0" x2="100%" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>`)}
<svg x="0" y="${TOP}" width="100%" height="${HEIGHT - TOP - BOTTOM}" viewBox="0 0 ${COLUMNS} ${ROWS}" preserveAspectRatio="none">${curves}</svg>
${lines.map(({ tick, y }) => html`<text class="tick" x="0" y="${(y - 4).toFixed(1)}">${Number(tick.toPrecision(6))}</text>`)}
<text class="tick" x="0" y="${HEIGHT - 5}">iteration ${first}</text><text class="tick end" x="100%" y="${HEIGHT - 5}">${last}</text></svg>`;
}

/** Range of a chart of these losses, the same for all sites: all but the wildest hundredth at either end, with 0. */
export function lossRange(points: readonly LossPoint[]): Range {
  const losses = points.flatMap(({ sites }) => Object.values(sites).flatMap(({ discriminator, generator }) => [discriminator, generator]));
  const ascending = losses.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (fraction: number): number => ascending[Math.round(fraction * (ascending.length - 1))] ?? 0;
  const [low, high] = [Math.min(at(0.01), 0), Math.max(at(0.99), 0)];
  return low === high ? { low, high: low + 1 } : { low, high };
}

interface Column {
  readonly at: number;
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
}

/** At most COLUMNS stretches of iterations; null where the site was away, or its losses were not finite. */
function columns(points: readonly LossPoint[], site: string, side: Side, first: number, last: number): (Column | null)[] {
  const number = Math.min(COLUMNS, last - first + 1);
  const buckets = Array.from({ length: number }, (): number[] => []);
  for (const { iteration, sites } of points) {
    const value = sites[site]?.[side];
    if (value !== undefined && Number.isFinite(value))
      buckets[Math.floor(((iteration - first) * number) / (last - first + 1))]?.push(value);
  }
  return buckets.map((values, k) => {
    if (values.length === 0) return null;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { at: ((k + 0.5) * COLUMNS) / number, lowest: Math.min(...values), highest: Math.max(...values), mean };
  });
}

function curve(side: Side, all: readonly (Column | null)[], toRow: (value: number) => number): Html {
  let smooth: number | null = null;
  let line = '';
  let band = '';
  let back = '';
  const closeBand = (): void => {
    if (back) band += `${back}Z`;
    back = '';
  };
  for (const column of all) {
    if (!column) {
      smooth = null;
      closeBand();
      continue;
    }
    const start: string = smooth === null ? 'M' : 'L';
    smooth = smooth === null ? column.mean : MEMORY * smooth + (1 - MEMORY) * column.mean;
    line += point(start, column.at, toRow(smooth));
    band += point(start, column.at, toRow(column.highest));
    back = point('L', column.at, toRow(column.lowest)) + back;
  }
  closeBand();
  return html`<path class="band ${side}" d="${band}"/><path class="line ${side}" d="${line}"/>`;
}

const point = (command: string, x: number, y: number): string => `${command}${x.toFixed(1)} ${y.toFixed(1)}`;

/** Two to five round numbers in the range. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  const from = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - from + 1 }, (_, k) => (from + k) * step);
}
