/**
 * Bilinear resampling with half-pixel centres, edges repeated, rounded to the nearest integer.
 * @param pixels [height, width, channels]
 * @returns [size, size, channels]
 */
export function resizeImage(pixels: Uint8Array, width: number, height: number, channels: number, size: number): Uint8Array {
  if (width === size && height === size) return pixels;
  const rows = taps(height, size);
  const columns = taps(width, size);
  const out = new Uint8Array(size * size * channels);
  let to = 0;
  for (const row of rows) {
    const upper = row.first * width;
    const lower = row.second * width;
    for (const column of columns) {
      for (let c = 0; c < channels; c++) {
        const top = mix(pixels[(upper + column.first) * channels + c]!, pixels[(upper + column.second) * channels + c]!, column.weight);
        const bottom = mix(pixels[(lower + column.first) * channels + c]!, pixels[(lower + column.second) * channels + c]!, column.weight);
        out[to++] = Math.floor(mix(top, bottom, row.weight) + 0.5);
      }
    }
  }
  return out;
}

/**
 * The label of the nearest pixel, half-pixel centres.
 * @param labels [height, width]
 * @returns [size, size]
 */
export function resizeLabels(labels: Int32Array, width: number, height: number, size: number): Int32Array {
  if (width === size && height === size) return labels;
  const out = new Int32Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(((y + 0.5) * height) / size) * width;
    for (let x = 0; x < size; x++) out[y * size + x] = labels[row + Math.floor(((x + 0.5) * width) / size)]!;
  }
  return out;
}

interface Tap {
  first: number;
  second: number;
  /** Of the second. */
  weight: number;
}

function taps(from: number, to: number): Tap[] {
  return Array.from({ length: to }, (_, i) => {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.floor(centre);
    return { first, second: Math.min(first + 1, from - 1), weight: centre - first };
  });
}

function mix(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}
