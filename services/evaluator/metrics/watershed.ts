/**
 * Grows `seeds` downhill first over `relief` inside `mask`, in place: every pixel of the mask that a seed can reach gets a label.
 * 4 neighbours, lowest relief first, among equals the one that was reached first: skimage.segmentation.watershed's defaults,
 * including its order among equal pixels, so that the results are the same map.
 * relief, mask, seeds: [height, width]; seeds hold labels > 0 and 0 for pixels still to be labelled.
 */
export function watershed(relief: ArrayLike<number>, seeds: Int32Array, mask: Uint8Array, height: number, width: number): Int32Array {
  const queue = new FloodQueue(relief);
  for (let i = 0; i < seeds.length; i++) {
    if (!mask[i]) seeds[i] = 0;
    else if (seeds[i]) queue.push(i, 0);
  }
  let age = 1;
  const flood = (from: number, to: number): void => {
    if (!mask[to] || seeds[to]) return;
    seeds[to] = seeds[from]!;
    queue.push(to, ++age);
  };
  while (queue.size > 0) {
    const i = queue.pop();
    const x = i % width;
    if (i >= width) flood(i, i - width);
    if (x > 0) flood(i, i - 1);
    if (x < width - 1) flood(i, i + 1);
    if (i < (height - 1) * width) flood(i, i + width);
  }
  return seeds;
}

/** Binary min-heap of pixels, by relief and then age. Every pixel enters at most once. */
class FloodQueue {
  size = 0;
  readonly #relief: ArrayLike<number>;
  readonly #age: Int32Array;
  readonly #heap: Int32Array;

  constructor(relief: ArrayLike<number>) {
    this.#relief = relief;
    this.#age = new Int32Array(relief.length);
    this.#heap = new Int32Array(relief.length);
  }

  push(pixel: number, age: number): void {
    this.#age[pixel] = age;
    let child = this.size++;
    this.#heap[child] = pixel;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  pop(): number {
    const first = this.#heap[0]!;
    this.#swap(0, --this.size);
    let parent = 0;
    while (true) {
      const left = 2 * parent + 1;
      let smallest = parent;
      if (left < this.size && this.#before(left, smallest)) smallest = left;
      if (left + 1 < this.size && this.#before(left + 1, smallest)) smallest = left + 1;
      if (smallest === parent) return first;
      this.#swap(parent, smallest);
      parent = smallest;
    }
  }

  #before(a: number, b: number): boolean {
    const [p, q] = [this.#heap[a]!, this.#heap[b]!];
    const [reliefOfP, reliefOfQ] = [this.#relief[p]!, this.#relief[q]!];
    return reliefOfP === reliefOfQ ? this.#age[p]! < this.#age[q]! : reliefOfP < reliefOfQ;
  }

  #swap(a: number, b: number): void {
    const pixel = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = pixel;
  }
}
