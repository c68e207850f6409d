import { SampleCache } from './cache.ts';
import { DatasetError, EmptySplitError } from './errors.ts';
import { checkHeader, type Target } from './prepare.ts';
import { brats } from './readers/brats.ts';
import { dicom } from './readers/dicom.ts';
import { folder } from './readers/folder.ts';
import { nifti } from './readers/nifti.ts';
import { nucleiHdf5 } from './readers/nuclei-hdf5.ts';
import type { Reader, Source, Unit } from './scan.ts';
import type { Dataset, DatasetSource, ImageSpec, LabelSpec, Sample, Split } from './types.ts';

const DEFAULT_CACHE_BYTES = 2 ** 30;

const READERS: Readonly<Record<DatasetSource['format'], Reader>> = {
  Folder: folder,
  BraTS: brats,
  NucleiHDF5: nucleiHdf5,
  NIfTI: nifti,
  DICOM: dicom,
};

/**
 * Opens a split of a site's data and checks all that can be checked before training. Where the prepared samples fit into `cacheBytes`
 * (default 1 GiB) all are decoded now; otherwise headers are checked now and pixels are decoded on demand, least recently used dropped first.
 * @throws DatasetError (NoSplitError where the data has no such split)
 * @example
 * const dataset = await openDataset('hospital-a', { path: 'data', format: 'Folder', fit: 'Exact', contrast: 'Stretch' }, 'train',
 *   { size: 128, channels: 3 }, { kind: 'Instances', classes: 3 });
 */
export async function openDataset(
  site: string,
  source: DatasetSource,
  split: Split,
  image: ImageSpec,
  labels: LabelSpec,
  options: { cacheBytes?: number } = {},
): Promise<Dataset> {
  return atSite(site, async () => {
    const target: Target = { image, labels, fit: source.fit, contrast: source.contrast };
    const opened = await READERS[source.format].open(source.path, split, labels);
    try {
      const dataset = new CachedDataset(site, split, opened, target, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
      if (dataset.count === 0) throw new EmptySplitError(split, 'add images, or remove the split');
      await dataset.verify();
      return dataset;
    } catch (error) {
      await opened.close();
      throw error;
    }
  });
}

/** Whether a site's data has the split at all; an empty one is found when it is opened. @throws DatasetError where the data is missing. */
export function hasSplit(source: Pick<DatasetSource, 'path' | 'format'>, split: Split): Promise<boolean> {
  return READERS[source.format].hasSplit(source.path, split);
}

class CachedDataset implements Dataset {
  readonly site: string;
  readonly split: Split;
  readonly count: number;
  readonly image: ImageSpec;
  readonly labels: LabelSpec;
  readonly #source: Source;
  readonly #target: Target;
  readonly #cache: SampleCache;
  /** Of every sample: the unit that it is in, and its place there. */
  readonly #places: readonly { unit: Unit; at: number }[];

  constructor(site: string, split: Split, source: Source, target: Target, cacheBytes: number) {
    this.site = site;
    this.split = split;
    this.image = target.image;
    this.labels = target.labels;
    this.#source = source;
    this.#target = target;
    this.#cache = new SampleCache(target, cacheBytes);
    this.#places = source.units.flatMap((unit) => unit.slices.map((_, at) => ({ unit, at })));
    this.count = this.#places.length;
  }

  async verify(): Promise<void> {
    const { units } = this.#source;
    const decode = this.#cache.fits(units);
    for (const unit of units) {
      if (decode) await this.#cache.get(unit);
      else {
        const { image, label } = await unit.header();
        checkHeader(unit, image, label, this.#target);
      }
    }
  }

  read(index: number, signal?: AbortSignal): Promise<Sample> {
    return atSite(this.site, async () => {
      signal?.throwIfAborted();
      const place = this.#places[index];
      if (place === undefined) throw new RangeError(`there is no sample ${index}: ${this.site} has ${this.count}`);
      const samples = await this.#cache.get(place.unit);
      signal?.throwIfAborted();
      return samples[place.at]!;
    });
  }

  async close(): Promise<void> {
    this.#cache.clear();
    await this.#source.close();
  }
}

async function atSite<T>(site: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DatasetError ? error.atSite(site) : error;
  }
}
