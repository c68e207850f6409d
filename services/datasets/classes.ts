import type { LabelSpec } from './types.ts';

const BACKGROUND = 0;
const INTERIOR = 1;
const BOUNDARY = 2;

/**
 * Instance labels to training classes: 0 background, 1 interior, 2 boundary, which is the inner ring of one pixel and the pixels where
 * two instances touch: skimage.segmentation.find_boundaries(mode='inner').
 * @param instances [rows, size]; 0 is background
 */
export function toClasses(instances: Int32Array, size: number): Uint8Array {
  const classes = new Uint8Array(instances.length);
  const lastRow = instances.length - size;
  for (let i = 0; i < instances.length; i++) {
    const label = instances[i]!;
    if (label === 0) {
      classes[i] = BACKGROUND;
      continue;
    }
    const column = i % size;
    const edge =
      (column > 0 && instances[i - 1] !== label) ||
      (column < size - 1 && instances[i + 1] !== label) ||
      (i >= size && instances[i - size] !== label) ||
      (i < lastRow && instances[i + size] !== label);
    classes[i] = edge ? BOUNDARY : INTERIOR;
  }
  return classes;
}

/** Channels of the generator's condition: foreground and boundary for instances, one a class without the background otherwise. */
export function conditionChannels(labels: LabelSpec): number {
  return labels.classes - 1;
}

/**
 * Writes the generator's condition for a plane of classes. `Instances`: [foreground, boundary], so that a boundary pixel is foreground
 * too; `Classes`: one-hot without the background. Values are 0 and 1, so that zero padding means background.
 * @param classes [pixels]
 * @param out receives [pixels, classes - 1] from `offset` on
 */
export function conditionImage(classes: Uint8Array, labels: LabelSpec, out: Float32Array, offset: number): void {
  const channels = conditionChannels(labels);
  out.fill(0, offset, offset + classes.length * channels);
  const nested = labels.kind === 'Instances';
  for (let i = 0; i < classes.length; i++) {
    const label = classes[i]!;
    if (label === BACKGROUND) continue;
    const pixel = offset + i * channels;
    out[pixel + label - 1] = 1;
    if (nested) out[pixel] = 1;
  }
}
