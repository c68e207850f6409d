import type { Extent } from './errors.ts';
import type { LabelSpec, Split } from './types.ts';

/** What a header tells about an image before its pixels are decoded. */
export interface Header extends Extent {
  /** Without alpha: 1 or 3. */
  channels: number;
  /** At most 8 bits per value. */
  eightBit: boolean;
}

/** A decoded image, or a volume whose slices are images. */
export interface Scan {
  readonly width: number;
  readonly height: number;
  /** Slices; 1 for an image. */
  readonly depth: number;
  readonly channels: number;
  /** [depth, height, width, channels]; bytes are 8-bit data, floats everything wider. */
  readonly pixels: Uint8Array | Float32Array;
  /** [depth, height, width] of the label map itself: instances or classes. */
  readonly labels: Int32Array;
  readonly labelExtent: Extent;
}

/** What lies in one pair of files: decoded at once, held in the cache as one. */
export interface Unit {
  /** For messages, relative to the dataset's path. */
  readonly image: string;
  readonly label: string;
  /** The samples in it: the slice that each is, and its name. */
  readonly slices: readonly { readonly index: number; readonly name: string }[];
  /** Reads no pixels. @throws DatasetError */
  header(): Promise<{ image: Header; label: Extent }>;
  /** @throws DatasetError */
  load(): Promise<Scan>;
}

/** One split of one data set, as its reader found it. */
export interface Source {
  readonly units: readonly Unit[];
  close(): Promise<void>;
}

/** A format: one file in readers/. */
export interface Reader {
  /** @throws DatasetError where the path itself is not there. */
  hasSplit(path: string, split: Split): Promise<boolean>;
  /** @throws DatasetError */
  open(path: string, split: Split, labels: LabelSpec): Promise<Source>;
}

/** The slices of a volume that are samples: those with foreground, all where none has any. */
export function foregroundSlices(hasForeground: readonly boolean[]): number[] {
  const all = [...hasForeground.keys()];
  const chosen = all.filter((slice) => hasForeground[slice]);
  return chosen.length > 0 ? chosen : all;
}
