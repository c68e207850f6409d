import { mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import type { ImageSpec, LabelSpec } from '#datasets';
import { ReleaseWriteError } from '../errors.ts';
import { type ReleaseCard, writeCard } from './card.ts';
import { Hdf5Writer } from './hdf5.ts';
import { HDF5, imageFile, LISTING, labelFile, listFiles } from './listing.ts';

/** What a release is made of, known before its first image. */
export interface ReleasePlan {
  readonly image: ImageSpec;
  readonly labels: LabelSpec;
  readonly sites: readonly Pick<ReleaseCard['sites'][number], 'name' | 'masks'>[];
}

/** What the card says beyond what the writer knows itself. */
export type ReleaseFacts = Omit<ReleaseCard, 'schema' | 'image' | 'labels' | 'count' | 'sites' | 'files'>;

/** A synthetic image with the label map that it was drawn from, in the style of a site. */
export interface SyntheticSample {
  /** [size, size, channels] */
  readonly image: Uint8Array;
  /** [size, size]; instance ids (kind Instances) or classes (kind Classes), 0 is background. */
  readonly labels: Uint8Array | Uint16Array | Int32Array;
  readonly site: string;
}

/** Kept free beside what is written, for the HDF5 library's own tables (bytes). */
const DISK_MARGIN = 1 << 20;

/**
 * Writes a release, image by image: PNGs with neutral names, release.h5, listing, card. It grows in `<directory>.partial` and takes its
 * name, replacing an older release, only in finish(): there is never half a release. Every failure to write is a ReleaseWriteError,
 * after which nothing is left.
 */
export class ReleaseWriter {
  readonly #directory: string;
  readonly #plan: ReleasePlan;
  readonly #hdf5: Hdf5Writer;
  readonly #counts: number[];

  static async create(directory: string, plan: ReleasePlan): Promise<ReleaseWriter> {
    const partial = partialOf(directory);
    try {
      await rm(partial, { recursive: true, force: true });
      for (const folder of ['images', 'labels']) await mkdir(join(partial, folder), { recursive: true });
      const names = plan.sites.map(({ name }) => name);
      return new ReleaseWriter(directory, plan, await Hdf5Writer.create(join(partial, HDF5), plan.image, plan.labels, names));
    } catch (cause) {
      await discard(partial);
      throw new ReleaseWriteError(directory, reasonOf(cause), { cause });
    }
  }

  private constructor(directory: string, plan: ReleasePlan, hdf5: Hdf5Writer) {
    this.#directory = directory;
    this.#plan = plan;
    this.#hdf5 = hdf5;
    this.#counts = plan.sites.map(() => 0);
  }

  /** Images written so far. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Adds one image. Throws RangeError for a sample that does not fit the plan, ReleaseWriteError when it cannot be written. */
  async add(sample: SyntheticSample): Promise<void> {
    const { size, channels } = this.#plan.image;
    const site = this.#plan.sites.findIndex(({ name }) => name === sample.site);
    const labels = this.#stored(sample.labels);
    if (site < 0 || sample.image.length !== size * size * channels || labels.length !== size * size) {
      throw new RangeError(
        `a sample of site ${sample.site} with ${sample.image.length} image bytes and ${labels.length} labels is not in the release's plan`,
      );
    }
    await this.#orAbandon(async (partial) => {
      const depth = labels instanceof Uint16Array ? 16 : 8;
      const image = encode({ width: size, height: size, channels, depth: 8, data: sample.image });
      await writeFile(join(partial, imageFile(this.count)), image);
      await writeFile(join(partial, labelFile(this.count)), encode({ width: size, height: size, channels: 1, depth, data: labels }));
      const { bavail, bsize } = await statfs(partial);
      if (bavail * bsize < sample.image.length + labels.byteLength + DISK_MARGIN) throw new Error('too little disk space is left');
      this.#hdf5.append({ image: sample.image, labels, site });
    });
    this.#counts[site]!++;
  }

  /** Completes the release and gives it its name. The writer is spent. */
  async finish(facts: ReleaseFacts): Promise<ReleaseCard> {
    return await this.#orAbandon(async (partial) => {
      if (!this.#hdf5.close()) throw new Error(`${HDF5} does not read as it was written (is the disk full?)`);
      const { text, files } = await listFiles(partial, this.count);
      await writeFile(join(partial, LISTING), text);
      const { image, labels, sites } = this.#plan;
      const card: ReleaseCard = {
        schema: 'asyndgan.io/release-card/v1',
        ...facts,
        image,
        labels,
        count: this.count,
        sites: sites.map((site, i) => ({ ...site, count: this.#counts[i]! })),
        files,
      };
      await writeCard(partial, card);
      await replace(partial, this.#directory);
      return card;
    });
  }

  /** Gives up: nothing is left. */
  async abandon(): Promise<void> {
    this.#hdf5.abandon();
    await discard(partialOf(this.#directory));
  }

  #stored(labels: SyntheticSample['labels']): Uint8Array | Uint16Array {
    const largest = this.#plan.labels.kind === 'Instances' ? 0xffff : this.#plan.labels.classes - 1;
    const beyond = labels.find((label) => label < 0 || label > largest);
    if (beyond !== undefined) throw new RangeError(`label ${beyond} of a synthetic image is not in 0..${largest}`);
    return this.#plan.labels.kind === 'Instances' ? Uint16Array.from(labels) : Uint8Array.from(labels);
  }

  async #orAbandon<T>(write: (partial: string) => Promise<T>): Promise<T> {
    try {
      return await write(partialOf(this.#directory));
    } catch (cause) {
      await this.abandon();
      throw new ReleaseWriteError(this.#directory, reasonOf(cause), { cause });
    }
  }
}

const partialOf = (directory: string): string => `${directory}.partial`;

/** Never throws: the failure that led here is the one to report. */
async function discard(partial: string): Promise<void> {
  await rm(partial, { recursive: true, force: true }).catch(() => undefined);
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** A directory cannot be renamed over another one: the older release steps aside first. */
async function replace(partial: string, directory: string): Promise<void> {
  const old = `${directory}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(directory, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(partial, directory);
  await rm(old, { recursive: true, force: true });
}
