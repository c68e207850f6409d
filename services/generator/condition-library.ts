import { conditionChannels, conditionImage, cropImage, drawPlacement, type LabelSpec, type Placement } from '#datasets';
import { Random } from '#nn';
import type { ConditionMap, ConditionRef, Conditions } from '#wire';

/** A label map, turned and cut, and where it came from. */
export interface Condition {
  readonly ref: ConditionRef;
  /** [crop, crop] */
  readonly classes: Uint8Array;
}

const UNTURNED: Placement = { top: 0, left: 0, rotate: 0, flip: false };

/** The label maps that the generator draws from: those that each site shares. Draws depend on the seed and the iteration alone. */
export class ConditionLibrary {
  readonly #labels: LabelSpec;
  readonly #seed: number;
  readonly #shelves = new Map<string, Conditions>();

  constructor(labels: LabelSpec, seed: number) {
    this.#labels = labels;
    this.#seed = seed;
  }

  /** A second set of a site replaces its first. */
  store(site: string, conditions: Conditions): void {
    this.#shelves.set(site, conditions);
  }

  countOf(site: string): number {
    return this.#shelves.get(site)?.maps.length ?? 0;
  }

  has(site: string): boolean {
    return this.#shelves.has(site);
  }

  /** n random crops of random maps of the site. */
  draw(site: string, n: number, crop: number, iteration: number): Condition[] {
    const { size, maps } = this.#shelf(site);
    const random = new Random(this.#seed, 'conditions', site, iteration);
    return Array.from({ length: n }, () => cut(maps[random.integer(maps.length)]!, size, drawPlacement(random, size, crop), crop));
  }

  /** n conditions of nothing but background, for a site whose label maps are not known. */
  blank(n: number, crop: number): Condition[] {
    return Array.from({ length: n }, () => ({ ref: { key: 'none', ...UNTURNED }, classes: new Uint8Array(crop * crop) }));
  }

  /** The index-th whole map of the site's endless row: all maps as they are, then all again, each time turned and mirrored anew. */
  whole(site: string, index: number): Condition {
    const { size, maps } = this.#shelf(site);
    const map = maps[index % maps.length]!;
    const placement = index < maps.length ? UNTURNED : drawPlacement(new Random(this.#seed, 'release', site, index), size, size);
    return cut(map, size, placement, size);
  }

  /** The generator's input channels of these conditions: [n, crop, crop, k]. */
  planes(conditions: readonly Condition[]): Float32Array {
    const pixels = conditions[0]?.classes.length ?? 0;
    const channels = conditionChannels(this.#labels);
    const out = new Float32Array(conditions.length * pixels * channels);
    conditions.forEach(({ classes }, i) => {
      conditionImage(classes, this.#labels, out, i * pixels * channels);
    });
    return out;
  }

  #shelf(site: string): Conditions {
    const shelf = this.#shelves.get(site);
    if (!shelf) throw new RangeError(`site ${site} has sent no label maps`);
    return shelf;
  }
}

function cut(map: ConditionMap, size: number, placement: Placement, crop: number): Condition {
  return { ref: { key: map.key, ...placement }, classes: cropImage(map.classes, size, 1, placement, crop) };
}
