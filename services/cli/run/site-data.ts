import { dirname, resolve } from 'node:path';
import { checkSameGeometry, type Dataset, hasSplit, openDataset, type Sample } from '#datasets';
import type { Experiment } from '#experiment';

/** One site's data in a local run. */
export interface SiteData {
  readonly site: string;
  readonly train: Dataset;
  /** Null where the site has no test split: it trains but is not scored. */
  readonly test: Dataset | null;
}

/** Opens and checks every site's data; paths are relative to the experiment's file. Throws DatasetError. */
export async function openSiteData(experiment: Experiment, experimentFile: string): Promise<SiteData[]> {
  const opened: SiteData[] = [];
  try {
    for (const { name } of experiment.spec.sites) opened.push(await openDataOf(name, experiment, dirname(experimentFile)));
    checkSameGeometry(opened.map(({ train }) => train));
    return opened;
  } catch (error) {
    await closeSiteData(opened);
    throw error;
  }
}

/** Opens and checks the data of one site; its path is relative to `folder`. Throws DatasetError. */
export async function openDataOf(site: string, { spec }: Experiment, folder: string): Promise<SiteData> {
  const { image, labels } = spec.model;
  const { dataset } = spec.sites.find(({ name }) => name === site)!;
  const source = { ...dataset, path: resolve(folder, dataset.path) };
  const train = await openDataset(site, source, 'train', image, labels);
  try {
    return { site, train, test: (await hasSplit(source, 'test')) ? await openDataset(site, source, 'test', image, labels) : null };
  } catch (error) {
    await train.close();
    throw error;
  }
}

export async function closeSiteData(data: readonly SiteData[]): Promise<void> {
  await Promise.all(data.flatMap(({ train, test }) => [train.close(), test?.close()]));
}

/** Several sites' training data as one, in the order given: what nobody can have in reality (Real-All, Syn-All). */
export class PooledDataset implements Dataset {
  readonly site: string;
  readonly split = 'train';
  readonly count: number;
  readonly image: Dataset['image'];
  readonly labels: Dataset['labels'];
  readonly #places: { source: number; index: number }[];
  readonly #sources: readonly Dataset[];

  constructor(site: string, sources: readonly Dataset[]) {
    const [first] = sources;
    if (!first) throw new RangeError('nothing to pool');
    this.site = site;
    this.image = first.image;
    this.labels = first.labels;
    this.#sources = sources;
    this.#places = sources.flatMap(({ count }, source) => Array.from({ length: count }, (_, index) => ({ source, index })));
    this.count = this.#places.length;
  }

  read(index: number, signal?: AbortSignal): Promise<Sample> {
    const place = this.#places[index]!;
    return this.#sources[place.source]!.read(place.index, signal);
  }

  /** Which of the pooled data sets an image comes from. */
  sourceOf(index: number): number {
    return this.#places[index]!.source;
  }

  async close(): Promise<void> {}
}
