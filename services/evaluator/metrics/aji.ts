/**
 * Aggregated Jaccard index (Kumar et al. 2017): each true instance is matched with the prediction of largest Jaccard index;
 * the matched intersections' sum is divided by the matched unions' sum plus the area of predictions that no instance chose.
 * A prediction may be chosen twice, as in the paper. truth, predicted: instance maps of one size, 0 is background.
 * No true instance: 1 when nothing was predicted, else 0.
 */
export function aji(truth: Int32Array, predicted: Int32Array): number {
  const trueIds = compact(truth);
  const predictedIds = compact(predicted);
  if (trueIds.areas.length === 0) return predictedIds.areas.length === 0 ? 1 : 0;

  let intersection = 0;
  let union = 0;
  const chosen = new Set<number>();
  for (const [instance, overlaps] of overlapsOf(trueIds, predictedIds).entries()) {
    const area = trueIds.areas[instance]!;
    const match = bestMatch(area, overlaps, predictedIds.areas);
    intersection += match?.overlap ?? 0;
    union += match?.union ?? area;
    if (match) chosen.add(match.candidate);
  }
  for (const [candidate, area] of predictedIds.areas.entries()) if (!chosen.has(candidate)) union += area;
  return intersection / union;
}

interface Compact {
  /** Index of the pixel's instance, -1 for background. */
  readonly index: Int32Array;
  readonly areas: number[];
}

/** Instance ids in ascending order become 0, 1, 2, ... */
function compact(map: Int32Array): Compact {
  const areaOf = new Map<number, number>();
  for (const id of map) if (id > 0) areaOf.set(id, (areaOf.get(id) ?? 0) + 1);
  const ids = [...areaOf.keys()].sort((a, b) => a - b);
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  return { index: map.map((id) => indexOf.get(id) ?? -1), areas: ids.map((id) => areaOf.get(id)!) };
}

/** Per true instance: pixels shared with each predicted instance. */
function overlapsOf(truth: Compact, predicted: Compact): Map<number, number>[] {
  const overlaps = truth.areas.map(() => new Map<number, number>());
  for (let i = 0; i < truth.index.length; i++) {
    const candidate = predicted.index[i]!;
    const row = overlaps[truth.index[i]!];
    if (row && candidate >= 0) row.set(candidate, (row.get(candidate) ?? 0) + 1);
  }
  return overlaps;
}

interface Match {
  readonly candidate: number;
  readonly overlap: number;
  readonly union: number;
}

/** Largest Jaccard index; among equals the smaller id. */
function bestMatch(area: number, overlaps: Map<number, number>, areas: readonly number[]): Match | undefined {
  let best: Match | undefined;
  for (const [candidate, overlap] of overlaps) {
    const union = area + areas[candidate]! - overlap;
    const difference = best ? overlap / union - best.overlap / best.union : 1;
    if (difference > 0 || (difference === 0 && candidate < best!.candidate)) best = { candidate, overlap, union };
  }
  return best;
}
