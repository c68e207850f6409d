/** A source of random numbers; passed in, so that its owner can seed it and store its state. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in 0..n-1. */
  integer(n: number): number;
}

/** What the label maps say. `Instances`: 0 is background, every other number one object. `Classes`: a class per pixel. */
export interface LabelSpec {
  kind: 'Instances' | 'Classes';
  /** Training classes, background included; 3 for `Instances`: background, interior, boundary. */
  classes: number;
}

/** Geometry of the images that the networks see: `size` x `size` pixels. */
export interface ImageSpec {
  size: number;
  channels: number;
}

/** Where a site's data lies and how it is brought to the experiment's geometry. */
export interface DatasetSource {
  /** Directory, or for the HDF5 formats also a file. */
  path: string;
  format: 'Folder' | 'BraTS' | 'NucleiHDF5' | 'NIfTI' | 'DICOM';
  /** `Exact`: images have the experiment's size. `Resize`: bilinear for images, nearest for labels; the sides are scaled independently. */
  fit: 'Exact' | 'Resize';
  /** `Stretch`: percentiles 0.5-99.5 to 0..255, per image or volume. `None`: 8-bit values as they are. */
  contrast: 'Stretch' | 'None';
}

export type Split = 'train' | 'test';

/** One image with its labels. */
export interface Sample {
  /** For local messages only: it never leaves the site. */
  name: string;
  /** [size, size, channels], rows first. */
  image: Uint8Array;
  /** [size, size], training classes. */
  classes: Uint8Array;
  /** [size, size], 0 is background; null where the labels are classes. */
  instances: Int32Array | null;
}

/** One split of one site's data. Samples are shared with the cache: they must not be written to. */
export interface Dataset {
  readonly site: string;
  readonly split: Split;
  readonly count: number;
  readonly image: ImageSpec;
  readonly labels: LabelSpec;
  /** @throws DatasetError where the sample was not decoded at the opening and turns out to be damaged. */
  read(index: number, signal?: AbortSignal): Promise<Sample>;
  close(): Promise<void>;
}
