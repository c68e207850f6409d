import type { Experiment } from '#experiment';
import type { ConditionLibrary } from './condition-library.ts';
import type { Answer, Assignment } from './exchange.ts';
import type { Order } from './images.ts';

/**
 * The generator's batch of one iteration. Every site of the experiment has its places in it, whether it takes part or not, since the graph's shapes are
 * fixed; those of a site whose label maps are not known are blank.
 */
export class TrainingBatch {
  readonly #experiment: Experiment;
  readonly #iteration: number;
  readonly orders: readonly Order[];

  constructor(experiment: Experiment, library: ConditionLibrary, batchOf: (site: string) => number, iteration: number) {
    const { sites, training } = experiment.spec;
    this.#experiment = experiment;
    this.#iteration = iteration;
    this.orders = sites.flatMap(({ name: site }) => {
      const conditions = library.has(site)
        ? library.draw(site, batchOf(site), training.cropSize, iteration)
        : library.blank(batchOf(site), training.cropSize);
      return conditions.map((condition, i): Order => ({ site, condition, draw: ['input', site, iteration, i] }));
    });
  }

  /** What each of `sites` has to do with its share of the images [n, h, w, c]. */
  assignments(sites: readonly string[], images: Float32Array, snapshot: boolean): Assignment[] {
    const { training, model } = this.#experiment.spec;
    return sites.map((site) => {
      const conditions = this.orders.filter((order) => order.site === site).map(({ condition }) => condition.ref);
      const shape = [conditions.length, training.cropSize, training.cropSize, model.image.channels];
      const first = this.#firstValueOf(site);
      const fakes = { shape, data: images.slice(first, first + shape.reduce((a, b) => a * b)) };
      return { site, work: { iteration: this.#iteration, generatorVersion: this.#iteration, conditions, fakes, snapshot } };
    });
  }

  /** The gradient for all images [n, h, w, c]: each answer at its site's places, times its weight; 0 for who has not answered. */
  gradient(answers: readonly Answer[], weights: readonly number[]): Float32Array {
    const { training, model } = this.#experiment.spec;
    const gradient = new Float32Array(this.orders.length * training.cropSize ** 2 * model.image.channels);
    for (const [i, { site, feedback }] of answers.entries()) {
      const first = this.#firstValueOf(site);
      const { data } = feedback.gradient;
      for (let k = 0; k < data.length; k++) gradient[first + k] = weights[i]! * data[k]!;
    }
    return gradient;
  }

  #firstValueOf(site: string): number {
    const { training, model } = this.#experiment.spec;
    return this.orders.findIndex((order) => order.site === site) * training.cropSize ** 2 * model.image.channels;
  }
}
