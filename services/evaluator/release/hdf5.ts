import { createHash, type Hash } from 'node:crypto';
import type { Dataset, File } from 'h5wasm/node';
import type { ImageSpec, LabelSpec } from '#datasets';

export type Hdf5Library = typeof import('h5wasm/node');

/** Loaded on use: training and the start of a run do without its megabytes of WebAssembly. */
export async function loadHdf5(): Promise<Hdf5Library> {
  const library = await import('h5wasm/node');
  await library.ready;
  return library;
}

/** What one entry of a release holds: the pixels as they were released, and the site whose style it has. */
export interface StoredSample {
  /** [size, size, channels] */
  readonly image: Uint8Array;
  /** [size, size]; instance ids or classes. */
  readonly labels: Uint8Array | Uint16Array;
  /** Index in the list of sites. */
  readonly site: number;
}

/**
 * release.h5, one entry after the other, so that memory does not grow with their number: `images` uint8 [n, size, size, channels],
 * `labels` uint16 (Instances) or uint8 (Classes) [n, size, size], `site` uint8 [n], attribute `sites` with the names.
 */
export class Hdf5Writer {
  readonly #library: Hdf5Library;
  readonly #file: File;
  readonly #datasets: { readonly images: Dataset; readonly labels: Dataset; readonly site: Dataset };
  readonly #path: string;
  readonly #written = createHash('sha256');
  #count = 0;
  #open = true;

  static async create(path: string, image: ImageSpec, labels: LabelSpec, sites: readonly string[]): Promise<Hdf5Writer> {
    return new Hdf5Writer(await loadHdf5(), path, image, labels, sites);
  }

  private constructor(library: Hdf5Library, path: string, { size, channels }: ImageSpec, labels: LabelSpec, sites: readonly string[]) {
    this.#library = library;
    this.#path = path;
    this.#file = new library.File(path, 'w');
    this.#file.create_attribute('sites', [...sites]);
    this.#datasets = {
      images: this.#growing('images', new Uint8Array(), [size, size, channels]),
      labels: this.#growing('labels', labels.kind === 'Instances' ? new Uint16Array() : new Uint8Array(), [size, size]),
      site: this.#growing('site', new Uint8Array(), []),
    };
  }

  append(sample: StoredSample): void {
    const { images, labels, site } = this.#datasets;
    const n = this.#count++;
    for (const [dataset, data] of [
      [images, sample.image],
      [labels, sample.labels],
      [site, Uint8Array.of(sample.site)],
    ] as const) {
      const shape = dataset.shape ?? [];
      dataset.resize([n + 1, ...shape.slice(1)]);
      dataset.write_slice([[n, n + 1], ...shape.slice(1).map((): [] => [])], data);
    }
    addTo(this.#written, sample);
  }

  /** Closes the file and reads it again: the HDF5 library does not report a full disk. False when the file is not what was written. */
  close(): boolean {
    this.abandon();
    const read = createHash('sha256');
    for (const sample of readHdf5(this.#library, this.#path, this.#count)) addTo(read, sample);
    return read.digest('hex') === this.#written.digest('hex');
  }

  /** Closes the file, if it is open, without looking at it. */
  abandon(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  #growing(name: string, data: Uint8Array | Uint16Array, shape: number[]): Dataset {
    const chunks = [shape.length === 0 ? 1024 : 1, ...shape];
    const gzip = { compression: 'gzip', compression_opts: 4 } as const;
    return this.#file.create_dataset({ name, data, shape: [0, ...shape], maxshape: [null, ...shape], chunks, ...gzip });
  }
}

/** Reads `count` entries one after the other; the file is closed when the loop is left. */
export function* readHdf5({ File, Dataset }: Hdf5Library, path: string, count: number): Generator<StoredSample> {
  const file = new File(path, 'r');
  try {
    const [images, labels, site] = ['images', 'labels', 'site'].map((name) => file.get(name));
    if (!(images instanceof Dataset && labels instanceof Dataset && site instanceof Dataset) || images.shape?.[0] !== count) return;
    const sites = site.value as Uint8Array;
    for (let n = 0; n < count; n++) {
      const image = images.slice([[n, n + 1]]) as Uint8Array;
      yield { image, labels: labels.slice([[n, n + 1]]) as StoredSample['labels'], site: sites[n]! };
    }
  } finally {
    file.close();
  }
}

function addTo(hash: Hash, { image, labels, site }: StoredSample): void {
  hash.update(image).update(labels).update(Uint8Array.of(site));
}
