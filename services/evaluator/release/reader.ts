import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { toClasses } from '#datasets';
import { ReleaseDamagedError } from '../errors.ts';
import { type ReleaseCard, readCard } from './card.ts';
import { type Hdf5Library, loadHdf5, readHdf5 } from './hdf5.ts';
import { HDF5, LISTING, listFiles, releaseFiles, sha256 } from './listing.ts';

/** One released image, as a segmenter is trained on it. */
export interface ReleaseSample {
  /** [size, size, channels] */
  readonly image: Uint8Array;
  /** [size, size], training classes. */
  readonly classes: Uint8Array;
  /** [size, size], 0 is background; null where the labels are classes. */
  readonly instances: Int32Array | null;
  /** The site whose style it has. */
  readonly site: string;
}

export interface Release {
  readonly card: ReleaseCard;
  /** All images in order, one in memory at a time. */
  samples(): Generator<ReleaseSample>;
}

/**
 * Opens a release after checking every file against the card: nothing missing, nothing altered, nothing added.
 * Throws ReleaseNotFoundError, ReleaseCardError, ReleaseDamagedError.
 */
export async function readRelease(directory: string): Promise<Release> {
  const card = await readCard(directory);
  if (card.sites.reduce((sum, { count }) => sum + count, 0) !== card.count) {
    throw new ReleaseDamagedError(directory, `the counts of its sites do not add up to ${card.count}`);
  }
  await checkNames(directory, card);
  await checkContents(directory, card);
  const library = await loadHdf5();
  return { card, samples: () => samples(library, directory, card) };
}

async function checkNames(directory: string, card: ReleaseCard): Promise<void> {
  const expected = new Set(['card.json', LISTING, ...releaseFiles(card.count)]);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const present = new Set(files.map((entry) => relative(directory, join(entry.parentPath, entry.name))));
  const missing = [...expected.difference(present)];
  const added = [...present.difference(expected)];
  if (missing.length > 0) throw new ReleaseDamagedError(directory, `${some(missing)} missing`);
  if (added.length > 0) throw new ReleaseDamagedError(directory, `${some(added)} not of the release`);
}

async function checkContents(directory: string, card: ReleaseCard): Promise<void> {
  const listed = await readFile(join(directory, LISTING), 'utf8');
  if (sha256(listed) !== card.files.sha256) throw new ReleaseDamagedError(directory, `${LISTING} was altered`);
  const { text } = await listFiles(directory, card.count);
  if (text === listed) return;
  const lines = new Set(listed.split('\n'));
  const altered = text.split('\n').filter((line) => !lines.has(line));
  throw new ReleaseDamagedError(directory, `${some(altered.map((line) => line.slice(66)))} altered`);
}

function* samples(
  library: Hdf5Library,
  directory: string,
  { count, image, labels: { kind }, sites }: ReleaseCard,
): Generator<ReleaseSample> {
  for (const { image: pixels, labels, site } of readHdf5(library, join(directory, HDF5), count)) {
    const instances = kind === 'Instances' ? Int32Array.from(labels) : null;
    const classes = instances ? toClasses(instances, image.size) : Uint8Array.from(labels);
    yield { image: pixels, classes, instances, site: sites[site]!.name };
  }
}

const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} ${names.length === 1 ? 'is' : 'are'}`;
