import { conditionChannels, conditionImage, cropImage, type Dataset, drawPlacement, type Placement, type Sample } from '#datasets';
import { Random } from '#nn';
import { type ConditionRef, type ImageCodec, throughImageCodec } from '#wire';
import type { Batch } from './trainer.ts';

/** A crop of the data set's index-th image. */
interface Place {
  readonly index: number;
  readonly placement: Placement;
}

/** Draws the site's training batches. The draws depend on (seed, site, iteration, step) alone, so they are the same after a restart. */
export class RealImages {
  readonly #dataset: Dataset;
  readonly #crop: number;
  readonly #seed: number;
  readonly #codec: ImageCodec;
  readonly #keys: readonly string[];
  readonly #index: ReadonlyMap<string, number>;

  /** keys: the opaque names of the data set's label maps, in order. codec: of the fakes, so that the values of both lie on the same grid. */
  constructor(dataset: Dataset, keys: readonly string[], crop: number, seed: number, codec: ImageCodec) {
    this.#dataset = dataset;
    this.#crop = crop;
    this.#seed = seed;
    this.#codec = codec;
    this.#keys = keys;
    this.#index = new Map(keys.map((key, i) => [key, i]));
  }

  /** n random crops, independent of the fakes' label maps. */
  async draw(n: number, iteration: number, step: number): Promise<{ keys: string[]; batch: Batch }> {
    const random = new Random(this.#seed, 'real', this.#dataset.site, iteration, step);
    const places = Array.from({ length: n }, () => ({
      index: random.integer(this.#dataset.count),
      placement: drawPlacement(random, this.#dataset.image.size, this.#crop),
    }));
    return { keys: places.map(({ index }) => this.#keys[index]!), batch: await this.#batch(places) };
  }

  /** The real images and label maps at the places that the hub drew its conditions from; null for a place that is not ours. */
  async at(conditions: readonly ConditionRef[]): Promise<Batch | null> {
    const places = conditions.map(({ key, ...placement }) => ({ index: this.#index.get(key) ?? -1, placement }));
    return places.every((place) => this.#has(place)) ? this.#batch(places) : null;
  }

  #has({ index, placement: { top, left } }: Place): boolean {
    return index >= 0 && Math.max(top, left) + this.#crop <= this.#dataset.image.size;
  }

  async #batch(places: readonly Place[]): Promise<Batch> {
    const samples = await Promise.all(places.map(({ index }) => this.#dataset.read(index)));
    const batch = collate(
      samples,
      places.map(({ placement }) => placement),
      this.#dataset,
      this.#crop,
    );
    return { ...batch, images: throughImageCodec({ shape: [batch.images.length], data: batch.images }, this.#codec).data };
  }
}

function collate(samples: readonly Sample[], placements: readonly Placement[], { image, labels }: Dataset, crop: number): Batch {
  const pixels = crop * crop;
  const channels = conditionChannels(labels);
  const images = new Float32Array(samples.length * pixels * image.channels);
  const conditions = new Float32Array(samples.length * pixels * channels);
  const classes = new Uint8Array(samples.length * pixels);
  samples.forEach((sample, i) => {
    const cut = cropImage(sample.image, image.size, image.channels, placements[i]!, crop);
    const offset = i * cut.length;
    for (let k = 0; k < cut.length; k++) images[offset + k] = cut[k]! / 127.5 - 1;
    const labelCut = cropImage(sample.classes, image.size, 1, placements[i]!, crop);
    classes.set(labelCut, i * pixels);
    conditionImage(labelCut, labels, conditions, i * pixels * channels);
  });
  return { images, conditions, classes };
}
