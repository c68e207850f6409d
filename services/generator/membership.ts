import { type Experiment, experimentDigest } from '#experiment';
import type { DatasetManifest, Hello, Welcome } from '#wire';
import { NoSharedCutError, SiteMismatchError, SiteTooSmallError, UnknownSiteError } from './errors.ts';

/** A site that takes part, in the order of the experiment. */
export interface Member {
  readonly site: string;
  readonly manifest: DatasetManifest;
}

/** Waits for every site's hello, then answers them all with the newest iteration of which everybody holds a checkpoint. */
export class Membership {
  readonly #experiment: Experiment;
  readonly #hubCuts: readonly number[];
  readonly #hellos = new Map<string, Hello>();
  readonly #complete = Promise.withResolvers<number | null>();

  /** hubCuts: iterations that the hub holds a checkpoint of; empty: start from the seed. */
  constructor(experiment: Experiment, hubCuts: readonly number[]) {
    this.#experiment = experiment;
    this.#hubCuts = hubCuts;
    this.#complete.promise.catch(() => undefined);
  }

  async join(hello: Hello): Promise<Welcome> {
    const { wire } = this.#experiment.spec;
    const siteIndex = this.#admit(hello);
    this.#hellos.set(hello.site, hello);
    if (this.#hellos.size === this.#experiment.spec.sites.length) this.#decide();
    const cut = await this.#complete.promise;
    return {
      hubEpoch: Math.max(...[...this.#hellos.values()].map(({ hubEpoch }) => hubEpoch)) + 1,
      experiment: this.#experiment,
      siteIndex,
      codecs: { images: wire.images, feedback: wire.feedback },
      startIteration: cut ?? 0,
      restore: cut,
    };
  }

  /** The iteration that everybody restores, null to start from the seed; known when all sites have said hello. */
  get cut(): Promise<number | null> {
    return this.#complete.promise;
  }

  get members(): Member[] {
    return this.#experiment.spec.sites.flatMap(({ name }) => {
      const hello = this.#hellos.get(name);
      return hello ? [{ site: name, manifest: hello.manifest }] : [];
    });
  }

  #admit({ site, manifest, experimentDigest: digest }: Hello): number {
    const { sites, model } = this.#experiment.spec;
    const index = sites.findIndex(({ name }) => name === site);
    if (index < 0) throw new UnknownSiteError(site);
    const wanted: Partial<DatasetManifest> = {
      size: model.image.size,
      channels: model.image.channels,
      classes: model.labels.classes,
      labels: model.labels.kind,
    };
    for (const [key, value] of Object.entries(wanted)) {
      const has = manifest[key as keyof DatasetManifest];
      if (has !== value) throw new SiteMismatchError(site, key, has, value);
    }
    if (manifest.count === 0) throw new SiteTooSmallError(site);
    const ours = experimentDigest(this.#experiment);
    if (digest !== undefined && digest !== ours) throw new SiteMismatchError(site, 'experiment digest', digest, ours);
    return index;
  }

  #decide(): void {
    if (this.#hubCuts.length === 0) {
      this.#complete.resolve(null);
      return;
    }
    const held = { hub: this.#hubCuts, ...Object.fromEntries([...this.#hellos].map(([site, { snapshots }]) => [site, snapshots])) };
    const shared = this.#hubCuts.filter((iteration) => Object.values(held).every((cuts) => cuts.includes(iteration)));
    if (shared.length > 0) this.#complete.resolve(Math.max(...shared));
    else this.#complete.reject(new NoSharedCutError(held));
  }
}
