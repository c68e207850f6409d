import { percentile } from '../percentile.ts';
import { boxMean, gradientMagnitude, halve, type Plane } from './plane.ts';

/** Length of a feature vector, whatever the number of channels. */
export const TEXTURE_DIMENSIONS = 48;

const MAXIMUM_CHANNELS = 4;
const OPPONENTS = 3;

/**
 * The scales by which features are divided, in units of the intensity range 0 to 1. They are constants, so that two runs can be compared,
 * and about the spread of a feature between images of one microscope: a distance of 1 is one such spread in one feature.
 */
const SCALE = { level: 0.1, spread: 0.05, gradient: 0.02, contrast: 0.02, colour: 0.05, entropy: 0.5 } as const;

/**
 * FTD-48: fixed, classical features of one image. image: uint8 [height, width, channels], 1 to 4 channels, sides of at least 16 -> 48 numbers:
 *  20  per channel (absent channels 0): mean, standard deviation, 5 %, 50 % and 95 % quantile of the intensity
 *  12  gradient magnitude of the luminance (mean of the channels) at full, half and quarter size: mean, deviation, 75 % and 95 % quantile
 *   6  local contrast, the deviation of the luminance in windows of 3, 7 and 15 pixels: mean and deviation over the image
 *   9  opponent colours c0 - c1, (c0 + c1) / 2 - c2, (c0 + c1 + c2) / 3 - c3 (absent 0): mean, deviation, mean gradient magnitude
 *   1  entropy of the luminance histogram (32 bins, bits)
 */
export function textureFeatures(image: Uint8Array, height: number, width: number, channels: number): Float64Array {
  if (image.length !== height * width * channels || channels < 1 || channels > MAXIMUM_CHANNELS || Math.min(height, width) < 16) {
    throw new RangeError(
      `${image.length} bytes are no image of ${height}x${width} pixels and ${channels} channels (1 to 4, sides from 16)`,
    );
  }
  const planes = Array.from({ length: channels }, (_, c) => planeOf(image, height, width, channels, c));
  const luminance = weighted(
    planes,
    planes.map(() => 1 / channels),
  );
  return Float64Array.from([
    ...Array.from({ length: MAXIMUM_CHANNELS }, (_, c) => intensityFeatures(planes[c])).flat(),
    ...gradientFeatures(luminance),
    ...[1, 3, 7].flatMap((radius) => contrastFeatures(luminance, radius)),
    ...Array.from({ length: OPPONENTS }, (_, k) => opponentFeatures(planes, k + 1)).flat(),
    entropy(luminance.values) / SCALE.entropy,
  ]);
}

function intensityFeatures(plane: Plane | undefined): number[] {
  if (!plane) return [0, 0, 0, 0, 0];
  const { mean, deviation } = moments(plane.values);
  const levels = quantiles(plane.values, [0.05, 0.5, 0.95]).map((value) => value / SCALE.level);
  return [mean / SCALE.level, deviation / SCALE.spread, ...levels];
}

function gradientFeatures(luminance: Plane): number[] {
  const half = halve(luminance);
  return [luminance, half, halve(half)].flatMap((plane) => {
    const magnitude = gradientMagnitude(plane);
    const { mean, deviation } = moments(magnitude);
    return [mean, deviation, ...quantiles(magnitude, [0.75, 0.95])].map((value) => value / SCALE.gradient);
  });
}

function contrastFeatures(luminance: Plane, radius: number): number[] {
  const mean = boxMean(luminance.values, luminance.height, luminance.width, radius);
  const meanSquare = boxMean(
    luminance.values.map((value) => value * value),
    luminance.height,
    luminance.width,
    radius,
  );
  const contrast = meanSquare.map((square, i) => Math.sqrt(Math.max(square - mean[i]! ** 2, 0)));
  const overall = moments(contrast);
  return [overall.mean / SCALE.contrast, overall.deviation / SCALE.contrast];
}

/** Mean of the first `count` channels against the next one. */
function opponentFeatures(planes: readonly Plane[], count: number): number[] {
  if (planes.length <= count) return [0, 0, 0];
  const difference = weighted(planes.slice(0, count + 1), [...new Array<number>(count).fill(1 / count), -1]);
  const { mean, deviation } = moments(difference.values);
  return [mean / SCALE.colour, deviation / SCALE.colour, moments(gradientMagnitude(difference)).mean / SCALE.gradient];
}

function planeOf(image: Uint8Array, height: number, width: number, channels: number, channel: number): Plane {
  const values = new Float64Array(height * width);
  for (let i = 0; i < values.length; i++) values[i] = image[i * channels + channel]! / 255;
  return { values, height, width };
}

function weighted(planes: readonly Plane[], weights: readonly number[]): Plane {
  const { height, width } = planes[0]!;
  const values = new Float64Array(height * width);
  for (const [k, plane] of planes.entries()) {
    const weight = weights[k]!;
    for (let i = 0; i < values.length; i++) values[i]! += weight * plane.values[i]!;
  }
  return { values, height, width };
}

function moments(values: Float64Array): { mean: number; deviation: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

function quantiles(values: Float64Array, fractions: readonly number[]): number[] {
  const ascending = values.slice().sort();
  return fractions.map((fraction) => percentile(ascending, fraction));
}

function entropy(values: Float64Array): number {
  const bins = new Float64Array(32);
  for (const value of values) bins[Math.min(Math.floor(value * 32), 31)]!++;
  return bins.reduce((bits, count) => (count === 0 ? bits : bits - (count / values.length) * Math.log2(count / values.length)), 0);
}
