import type { ModelSpec } from '#experiment';
import { Random } from '#nn';
import type { Condition, ConditionLibrary } from './condition-library.ts';
import { type GeneratorInput, type GeneratorTrainer, SYNTHESIS_BATCH, styleLength } from './trainer.ts';

/** Position of each site in the site code. */
export type SiteCode = (site: string, condition: Condition) => number;

/** A synthetic image with the label map that it was made from. */
export interface SyntheticImage {
  readonly site: string;
  /** [size, size, channels] */
  readonly image: Uint8Array;
  /** [size, size] */
  readonly classes: Uint8Array;
}

/** A wanted image: whose style, which label map, and the name of its random numbers. */
export interface Order {
  readonly site: string;
  readonly condition: Condition;
  readonly draw: readonly (string | number)[];
}

/** The generator's random and style inputs for conditions of `pixels` pixels. The numbers depend on the seed and each order's name alone. */
export function generatorInput(
  model: ModelSpec,
  seed: number,
  library: ConditionLibrary,
  code: SiteCode,
  orders: readonly Order[],
): GeneratorInput {
  const { generator } = model;
  const pixels = orders[0]?.condition.classes.length ?? 0;
  const noise = new Float32Array(orders.length * pixels * generator.noiseChannels);
  const style = new Float32Array(orders.length * styleLength(model));
  orders.forEach(({ site, condition, draw }, i) => {
    const random = new Random(seed, ...draw);
    if (generator.siteStyle) style[i * styleLength(model) + code(site, condition)] = 1;
    style.set(random.normals(generator.latentChannels), (i + 1) * styleLength(model) - generator.latentChannels);
    noise.set(random.normals(pixels * generator.noiseChannels), i * pixels * generator.noiseChannels);
  });
  return { conditions: library.planes(orders.map(({ condition }) => condition)), noise, style };
}

/** Whole images from the averaged generator, on the 8-bit grid that the sites' discriminators have seen. */
export function* synthesize(
  trainer: GeneratorTrainer,
  input: (orders: readonly Order[]) => GeneratorInput,
  orders: readonly Order[],
): Generator<SyntheticImage> {
  for (let start = 0; start < orders.length; start += SYNTHESIS_BATCH) {
    const batch = orders.slice(start, start + SYNTHESIS_BATCH);
    const filled = [...batch, ...Array<Order>(SYNTHESIS_BATCH - batch.length).fill(batch[0]!)];
    const images = trainer.synthesize(input(filled));
    const size = images.length / SYNTHESIS_BATCH;
    for (const [i, { site, condition }] of batch.entries()) {
      yield { site, image: Uint8Array.from(images.subarray(i * size, (i + 1) * size), to8bit), classes: condition.classes };
    }
  }
}

const to8bit = (value: number): number => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));

/** `total` images spread over the sites by their label maps: every map as it is first, then turned and mirrored. */
export function releaseOrders(library: ConditionLibrary, sites: readonly string[], total: number): Order[] {
  const shares = shareOut(
    total,
    sites.map((site) => library.countOf(site)),
  );
  return sites.flatMap((site, s) => Array.from({ length: shares[s]! }, (_, i) => wholeOrder(library, site, i, 'release')));
}

/** The index-th whole label map of the site; `purpose` names the random numbers. */
export function wholeOrder(library: ConditionLibrary, site: string, index: number, purpose: string): Order {
  return { site, condition: library.whole(site, index), draw: [purpose, site, index] };
}

/** How many of `total` images each site gets: by its number of label maps, the largest remainders rounded up. */
function shareOut(total: number, counts: readonly number[]): number[] {
  const sum = counts.reduce((a, b) => a + b, 0);
  const exact = counts.map((count) => (total * count) / sum);
  const shares = exact.map(Math.floor);
  const byRemainder = exact.map((share, i) => ({ i, rest: share - shares[i]! })).sort((a, b) => b.rest - a.rest || a.i - b.i);
  const missing = total - shares.reduce((a, b) => a + b, 0);
  for (const { i } of byRemainder.slice(0, missing)) shares[i]! += 1;
  return shares;
}
