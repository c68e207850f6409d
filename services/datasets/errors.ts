/** Width and height in pixels, and for volumes the number of slices. */
export interface Extent {
  width: number;
  height: number;
  depth?: number;
}

/** A mistake in a site's data. Paths in messages are relative to the dataset's path. */
export abstract class DatasetError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Says at which site, once; readers know files, not sites. */
  atSite(site: string): this {
    const prefix = `site ${site}: `;
    if (!this.message.startsWith(prefix)) this.message = prefix + this.message;
    return this;
  }
}

export class DatasetNotFoundError extends DatasetError {
  readonly code = 'DATASET_NOT_FOUND';
  constructor(path: string, expected: string, options?: ErrorOptions) {
    super(`${path} does not exist: ${expected}`, options);
  }
}

export class UnreadableError extends DatasetError {
  readonly code = 'DATASET_UNREADABLE';
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path} cannot be read: ${reason}`, options);
  }
}

export class NoSplitError extends DatasetError {
  readonly code = 'DATASET_NO_SPLIT';
  constructor(path: string, split: string, expected: string) {
    super(`${path} has no ${split} split: ${expected}`);
  }
}

export class EmptySplitError extends DatasetError {
  readonly code = 'DATASET_EMPTY_SPLIT';
  constructor(path: string, expected: string) {
    super(`${path} holds no data: ${expected}`);
  }
}

export class UnpairedError extends DatasetError {
  readonly code = 'DATASET_UNPAIRED';
  constructor(paths: readonly string[], missing: string) {
    super(`${listed(paths)} without ${missing}: an image and its label map have the same name`);
  }
}

export class AmbiguousNameError extends DatasetError {
  readonly code = 'DATASET_AMBIGUOUS_NAME';
  constructor(first: string, second: string) {
    super(`${first} and ${second} have the same name: keep one of them`);
  }
}

export class LabelMismatchError extends DatasetError {
  readonly code = 'DATASET_LABEL_MISMATCH';
  constructor(image: string, imageExtent: Extent, label: string, labelExtent: Extent) {
    super(
      `${label} is ${formatExtent(labelExtent)} but its image ${image} is ${formatExtent(imageExtent)}: label maps must have their image's size`,
    );
  }
}

export class LabelPlacementError extends DatasetError {
  readonly code = 'DATASET_LABEL_PLACEMENT';
  constructor(image: string, label: string) {
    super(`${label} and its image ${image} lie differently in space (affines differ): resample the label map to its image's grid`);
  }
}

export class LabelValueError extends DatasetError {
  readonly code = 'DATASET_LABEL_VALUE';
  constructor(label: string, value: number, allowed: string) {
    super(`${label} holds the value ${value}: ${allowed}`);
  }
}

export class LabelColourError extends DatasetError {
  readonly code = 'DATASET_LABEL_COLOUR';
  constructor(label: string) {
    super(`${label} is a colour image: a label map has one number per pixel, save it as grey or with a palette`);
  }
}

export class ImageSizeError extends DatasetError {
  readonly code = 'DATASET_IMAGE_SIZE';
  constructor(image: string, extent: Extent, size: number) {
    super(
      `${image} is ${formatExtent({ width: extent.width, height: extent.height })} but the experiment's images are ${size}x${size}: ` +
        `set the dataset's fit to Resize, or cut the images to ${size}x${size}`,
    );
  }
}

export class ImageChannelsError extends DatasetError {
  readonly code = 'DATASET_IMAGE_CHANNELS';
  constructor(image: string, channels: number, expected: number) {
    const remedy =
      channels === 3 && expected === 1 ? 'convert it to grey, or set model.image.channels to 3' : `set model.image.channels to ${channels}`;
    super(`${image} has ${channels} ${plural(channels, 'channel')} but the experiment's images have ${expected}: ${remedy}`);
  }
}

export class ContrastError extends DatasetError {
  readonly code = 'DATASET_CONTRAST';
  constructor(image: string) {
    super(`${image} has more than 8 bits per value: set the dataset's contrast to Stretch, or convert it to 8 bits`);
  }
}

/** The file is what it says, but of a kind that is not read here; the message carries the way out. */
export class UnsupportedFileError extends DatasetError {
  readonly code = 'DATASET_UNSUPPORTED';
  constructor(path: string, what: string, remedy: string) {
    super(`${path} ${what}: ${remedy}`);
  }
}

export class LayoutError extends DatasetError {
  readonly code = 'DATASET_LAYOUT';
  constructor(path: string, found: string, expected: string) {
    super(`${path}: ${found}; expected ${expected}`);
  }
}

export class MixedSeriesError extends DatasetError {
  readonly code = 'DATASET_MIXED_SERIES';
  constructor(first: string, second: string, difference: string) {
    super(`${first} and ${second} differ in ${difference}: a directory holds the slices of one series`);
  }
}

export class UnknownLabelClassesError extends DatasetError {
  readonly code = 'DATASET_LABEL_CLASSES';
  constructor(format: string, offered: string) {
    super(`the format ${format} offers ${offered}: set the experiment's labels accordingly`);
  }
}

export class GeometryMismatchError extends DatasetError {
  readonly code = 'DATASET_GEOMETRY_MISMATCH';
  constructor(differences: readonly string[]) {
    super(`the sites' data differ: ${differences.join('; ')}: all sites of an experiment have the same geometry and labels`);
  }
}

function formatExtent({ width, height, depth }: Extent): string {
  return depth === undefined ? `${width}x${height}` : `${width}x${height}x${depth}`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ');
  if (paths.length > 3) return `${shown} and ${paths.length - 3} more are`;
  return `${shown} ${paths.length === 1 ? 'is' : 'are'}`;
}
