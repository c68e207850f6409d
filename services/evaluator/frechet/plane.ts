/** One channel of an image, [height, width]. */
export interface Plane {
  readonly values: Float64Array;
  readonly height: number;
  readonly width: number;
}

/** Mean of 2x2 blocks; an odd last row or column is dropped. */
export function halve({ values, height, width }: Plane): Plane {
  const [h, w] = [height >> 1, width >> 1];
  const out = new Float64Array(h * w);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = 2 * y * width + 2 * x;
      out[y * w + x] = (values[i]! + values[i + 1]! + values[i + width]! + values[i + width + 1]!) / 4;
    }
  }
  return { values: out, height: h, width: w };
}

/** Length of the central-difference gradient of the inner pixels, [height - 2, width - 2], per pixel. */
export function gradientMagnitude({ values, height, width }: Plane): Float64Array {
  const out = new Float64Array((height - 2) * (width - 2));
  let k = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const dx = values[i + 1]! - values[i - 1]!;
      const dy = values[i + width]! - values[i - width]!;
      out[k++] = Math.sqrt(dx * dx + dy * dy) / 2;
    }
  }
  return out;
}

/** Mean over the window of 2 * radius + 1 pixels around each pixel, cut off at the image's edge; [height, width]. */
export function boxMean(values: Float64Array, height: number, width: number, radius: number): Float64Array {
  // Summed-area table with a row and a column of zeros before the first.
  const table = new Float64Array((height + 1) * (width + 1));
  const stride = width + 1;
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x]!;
      table[(y + 1) * stride + x + 1] = table[y * stride + x + 1]! + row;
    }
  }
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const top = Math.max(y - radius, 0);
    const bottom = Math.min(y + radius + 1, height);
    for (let x = 0; x < width; x++) {
      const left = Math.max(x - radius, 0);
      const right = Math.min(x + radius + 1, width);
      const below = table[bottom * stride + right]! - table[bottom * stride + left]!;
      const above = table[top * stride + right]! - table[top * stride + left]!;
      out[y * width + x] = (below - above) / ((bottom - top) * (right - left));
    }
  }
  return out;
}
