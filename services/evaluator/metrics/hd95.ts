import { percentile } from '../percentile.ts';
import { distanceTransform } from './distance-transform.ts';
import { erode } from './morphology.ts';

/**
 * 95th percentile of the surface distance, in pixels: the distances from each mask's border to the other's border, both
 * directions pooled into one list, then the percentile (linear interpolation). A border pixel is a foreground pixel with a
 * 4-neighbour in the background; the outside of the image is background.
 *
 * This is MedPy's `hd95` (and the prototype's) to the last digit. MONAI and the BraTS tools take the larger of the two directed
 * percentiles instead, which is never smaller: do not compare across the two definitions.
 *
 * MedPy refuses empty masks; here two empty masks agree (0), and one empty mask is worst: the image's diagonal.
 */
export function hd95(a: Uint8Array, b: Uint8Array, height: number, width: number): number {
  const borderOfA = border(a, height, width);
  const borderOfB = border(b, height, width);
  if (borderOfA.empty || borderOfB.empty) return borderOfA.empty && borderOfB.empty ? 0 : Math.hypot(height, width);
  const toA = distanceTransform(borderOfA.pixels, height, width);
  const toB = distanceTransform(borderOfB.pixels, height, width);
  const distances: number[] = [];
  for (let i = 0; i < a.length; i++) {
    if (borderOfA.pixels[i]) distances.push(toB[i]!);
    if (borderOfB.pixels[i]) distances.push(toA[i]!);
  }
  return percentile(Float64Array.from(distances).sort(), 0.95);
}

function border(mask: Uint8Array, height: number, width: number): { pixels: Uint8Array; empty: boolean } {
  const inner = erode(mask, height, width);
  const pixels = mask.map((value, i) => (value > 0 && inner[i] === 0 ? 1 : 0));
  return { pixels, empty: !pixels.includes(1) };
}
