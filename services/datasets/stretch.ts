const LOW = 0.005;
const HIGH = 0.995;
/** A flat 8-bit image is not stretched into noise. Wider data has no such scale of its own. */
const LEAST_RANGE = 8;
/** Above this range of integers a sort takes less memory than a histogram. */
const WIDEST_HISTOGRAM = 1 << 20;

/**
 * Maps the percentiles 0.5 and 99.5 of all values together to 0..255, in the single precision of the reference implementation in NumPy,
 * so that both give the same bytes.
 * @param values of one image or volume; bytes are 8-bit data
 */
export function stretch(values: Uint8Array | Float32Array): Uint8Array {
  const [low, high] = percentiles(values, [LOW, HIGH]) as [number, number];
  const range = Math.fround(high - low);
  const scale = Math.fround(255 / (values instanceof Uint8Array ? Math.max(range, LEAST_RANGE) : range || 1));
  const toByte = (value: number) => Math.min(Math.max(Math.trunc(Math.fround(Math.fround(value - low) * scale)), 0), 255);
  // Loops, not Array methods: a volume has millions of values.
  const table = values instanceof Uint8Array ? Uint8Array.from({ length: 256 }, (_, value) => toByte(value)) : null;
  const out = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = table === null ? toByte(values[i]!) : table[values[i]!]!;
  return out;
}

/** numpy.percentile(values.astype(float32), q, method='linear'), q as fractions of 1. */
export function percentiles(values: Uint8Array | Float32Array, fractions: readonly number[]): number[] {
  const valueAt = orderStatistics(values);
  return fractions.map((fraction) => {
    const position = (values.length - 1) * fraction;
    const before = Math.floor(position);
    const weight = position - before;
    const a = valueAt(before);
    const b = valueAt(Math.min(before + 1, values.length - 1));
    const difference = Math.fround(b - a);
    // NumPy's _lerp: from the nearer end, so that it is monotone.
    return weight < 0.5
      ? Math.fround(a + Math.fround(difference * Math.fround(weight)))
      : Math.fround(b - Math.fround(difference * Math.fround(1 - weight)));
  });
}

/** The k-th smallest value, by histogram where the values are integers of a small range. */
function orderStatistics(values: Uint8Array | Float32Array): (k: number) => number {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  let integers = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    integers &&= Number.isInteger(value);
  }
  if (!integers || greatest - least > WIDEST_HISTOGRAM) {
    const sorted = values.slice().sort();
    return (k) => sorted[k]!;
  }
  const counts = new Uint32Array(greatest - least + 1);
  for (let i = 0; i < values.length; i++) counts[values[i]! - least]!++;
  return (k) => {
    let passed = 0;
    for (let bin = 0; bin < counts.length; bin++) {
      passed += counts[bin]!;
      if (passed > k) return least + bin;
    }
    return greatest;
  };
}
