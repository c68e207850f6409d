/**
 * Exact Euclidean distance of every pixel to the nearest set pixel of `mask` (Felzenszwalb and Huttenlocher 2012).
 * mask: [height, width], non-zero is set -> [height, width] distances in pixels; Infinity everywhere when nothing is set.
 */
export function distanceTransform(mask: Uint8Array, height: number, width: number): Float64Array {
  const squared = new Float64Array(height * width);
  const envelope = new LowerEnvelope(Math.max(height, width));
  for (let i = 0; i < squared.length; i++) squared[i] = mask[i]! > 0 ? 0 : Number.POSITIVE_INFINITY;
  for (let x = 0; x < width; x++) envelope.replace(squared, x, width, height);
  for (let y = 0; y < height; y++) envelope.replace(squared, y * width, 1, width);
  return squared.map(Math.sqrt);
}

/** Lower envelope of the parabolas (q - p)^2 + f(p) along one line; parabolas of infinite height never touch it and are left out. */
class LowerEnvelope {
  readonly #vertex: Int32Array;
  readonly #height: Float64Array;
  /** Parabola k is the lowest from #from[k] to #from[k + 1]. */
  readonly #from: Float64Array;

  constructor(longest: number) {
    this.#vertex = new Int32Array(longest);
    this.#height = new Float64Array(longest);
    this.#from = new Float64Array(longest + 1);
  }

  /** f(q) becomes min over p of (q - p)^2 + f(p), in place, on `count` values from `start` on. */
  replace(f: Float64Array, start: number, stride: number, count: number): void {
    let parabolas = 0;
    for (let q = 0; q < count; q++) {
      const height = f[start + q * stride]!;
      if (height < Number.POSITIVE_INFINITY) parabolas = this.#add(q, height, parabolas);
    }
    if (parabolas === 0) return;
    this.#from[parabolas] = Number.POSITIVE_INFINITY;
    for (let q = 0, k = 0; q < count; q++) {
      while (this.#from[k + 1]! < q) k++;
      f[start + q * stride] = (q - this.#vertex[k]!) ** 2 + this.#height[k]!;
    }
  }

  /** Adds a parabola to the right of `count` others and drops those that it hides; returns how many are left. */
  #add(q: number, height: number, count: number): number {
    let last = count - 1;
    let crossing = Number.NEGATIVE_INFINITY;
    for (; last >= 0; last--) {
      const p = this.#vertex[last]!;
      crossing = (height + q * q - this.#height[last]! - p * p) / (2 * (q - p));
      if (crossing > this.#from[last]!) break;
    }
    this.#vertex[last + 1] = q;
    this.#height[last + 1] = height;
    this.#from[last + 1] = last < 0 ? Number.NEGATIVE_INFINITY : crossing;
    return last + 2;
  }
}
