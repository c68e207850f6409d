import { toClasses } from './classes.ts';
import {
  ContrastError,
  type Extent,
  ImageChannelsError,
  ImageSizeError,
  LabelMismatchError,
  LabelValueError,
  UnreadableError,
} from './errors.ts';
import { resizeImage, resizeLabels } from './resize.ts';
import type { Header, Scan, Unit } from './scan.ts';
import { stretch } from './stretch.ts';
import type { DatasetSource, ImageSpec, LabelSpec, Sample } from './types.ts';

/** What the experiment wants the samples to be. */
export interface Target extends Pick<DatasetSource, 'fit' | 'contrast'> {
  image: ImageSpec;
  labels: LabelSpec;
}

/** Bytes that a prepared sample takes. */
export function sampleBytes({ image, labels }: Target): number {
  return image.size ** 2 * (image.channels + 1 + (labels.kind === 'Instances' ? 4 : 0));
}

/** Everything that can be said before the pixels are known. @throws DatasetError */
export function checkHeader(unit: Unit, image: Header, label: Extent, target: Target): void {
  const { size, channels } = target.image;
  if (image.width !== label.width || image.height !== label.height || (image.depth ?? 1) !== (label.depth ?? 1)) {
    throw new LabelMismatchError(unit.image, image, unit.label, label);
  }
  if (image.channels !== channels && image.channels !== 1) throw new ImageChannelsError(unit.image, image.channels, channels);
  if (target.fit === 'Exact' && (image.width !== size || image.height !== size)) throw new ImageSizeError(unit.image, image, size);
  if (target.contrast === 'None' && !image.eightBit) throw new ContrastError(unit.image);
}

/** Brings a decoded image, or the slices of a volume, to the experiment's geometry. @throws DatasetError */
export function toSamples(unit: Unit, scan: Scan, target: Target): Sample[] {
  const { width, height, channels, pixels } = scan;
  const depth = scan.depth > 1 ? { depth: scan.depth } : {};
  checkHeader(unit, { ...{ width, height, channels }, ...depth, eightBit: pixels instanceof Uint8Array }, scan.labelExtent, target);
  if (pixels instanceof Float32Array && !pixels.every(Number.isFinite)) {
    throw new UnreadableError(unit.image, 'it holds values that are not finite (NaN or infinity); replace them');
  }
  const bytes = target.contrast === 'Stretch' ? stretch(pixels) : (pixels as Uint8Array);
  const plane = width * height;
  return unit.slices.map(({ index, name }) => {
    const slice = bytes.slice(index * plane * channels, (index + 1) * plane * channels);
    const labels = scan.labels.slice(index * plane, (index + 1) * plane);
    const where = scan.depth > 1 ? `${unit.label} slice ${index}` : unit.label;
    const image = replicate(resizeImage(slice, width, height, channels, target.image.size), channels, target.image.channels);
    return { name, image, ...classify(resizeLabels(labels, width, height, target.image.size), target, where) };
  });
}

function classify(labels: Int32Array, { image, labels: spec }: Target, where: string): Pick<Sample, 'classes' | 'instances'> {
  if (spec.kind === 'Instances') return { classes: toClasses(labels, image.size), instances: labels };
  const beyond = labels.find((label) => label >= spec.classes);
  if (beyond !== undefined) {
    throw new LabelValueError(
      where,
      beyond,
      `the experiment has ${spec.classes} classes, 0 to ${spec.classes - 1}; set labels.classes or map the values`,
    );
  }
  return { classes: new Uint8Array(labels), instances: null };
}

/** Repeats grey in every channel. */
function replicate(pixels: Uint8Array, channels: number, wanted: number): Uint8Array {
  if (channels === wanted) return pixels;
  const out = new Uint8Array(pixels.length * wanted);
  for (let i = 0; i < pixels.length; i++) out.fill(pixels[i]!, i * wanted, (i + 1) * wanted);
  return out;
}
