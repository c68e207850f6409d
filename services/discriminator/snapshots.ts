import { join } from 'node:path';
import { type Experiment, experimentDigest } from '#experiment';
import { CheckpointDamagedError, CheckpointStore, type State } from '#nn';

/**
 * A site's states on disk, by the iterations that they come after. Those that belong to the hub's cuts and those that the site keeps by itself as it
 * leaves lie apart, the newest three of each: however often a site goes between two cuts, it holds what the others can go back to.
 */
export class Snapshots {
  readonly #cuts: CheckpointStore;
  readonly #own: CheckpointStore;
  readonly #about: { readonly party: string; readonly experimentDigest: string; readonly seed: number };

  constructor(site: string, experiment: Experiment, store: CheckpointStore) {
    this.#cuts = store;
    this.#own = new CheckpointStore(join(store.directory, 'own'));
    this.#about = { party: site, experimentDigest: experimentDigest(experiment), seed: experiment.spec.training.seed };
  }

  /** Iterations whose snapshot is whole; damaged files are told to `onDamaged` and left out. */
  async held(onDamaged: (error: CheckpointDamagedError) => void): Promise<number[]> {
    const { experimentDigest: digest } = this.#about;
    const all = [...(await this.#cuts.usable(digest, onDamaged)), ...(await this.#own.usable(digest, onDamaged))];
    return [...new Set(all)].sort((a, b) => a - b);
  }

  /** The site's part of a cut. */
  async keepCut(iteration: number, state: State): Promise<void> {
    await this.#cuts.save({ ...this.#about, iteration, state });
  }

  /** What the site has when it leaves. */
  async keepOwn(iteration: number, state: State): Promise<void> {
    await this.#own.save({ ...this.#about, iteration, state });
  }

  /** Throws CheckpointDamagedError where it is not held or not whole. */
  async load(iteration: number): Promise<State> {
    const { experimentDigest: digest } = this.#about;
    const { state } = await this.#cuts.load(iteration, digest).catch((error: unknown) => {
      if (error instanceof CheckpointDamagedError) return this.#own.load(iteration, digest).catch(() => Promise.reject(error));
      throw error;
    });
    return state;
  }

  /** Forgets what was kept on a path that the run has left. */
  async discardAfter(iteration: number): Promise<void> {
    await Promise.all([this.#cuts, this.#own].map((store) => store.discardAfter(iteration)));
  }
}
