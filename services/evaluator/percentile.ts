/** Percentile of ascending values, linear between order statistics (numpy's default). */
export function percentile(ascending: Float64Array, fraction: number): number {
  const position = fraction * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low + (high - low) * (position - below);
}
