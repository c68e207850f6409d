import { components, open } from './morphology.ts';
import { watershed } from './watershed.ts';

/** A core smaller than this is noise, and its nucleus is left to its neighbours (pixels). */
const MINIMUM_CORE = 8;
/** A piece of foreground without a core is an instance of its own from this size on (pixels). */
const MINIMUM_PIECE = 16;

/**
 * Instances from a softmax over background, interior and boundary. Cores are the cleaned interior; each grows by a watershed over
 * the interior's probability to fill the foreground. probabilities: [height, width, 3] -> [height, width], 0 is background.
 */
export function instancesFrom(probabilities: Float32Array, height: number, width: number): Int32Array {
  const pixels = height * width;
  const foreground = new Uint8Array(pixels);
  const interior = new Uint8Array(pixels);
  const relief = new Float64Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const inside = probabilities[3 * i + 1]!;
    foreground[i] = inside + probabilities[3 * i + 2]! > 0.5 ? 1 : 0;
    interior[i] = inside > 0.5 ? 1 : 0;
    relief[i] = -inside;
  }
  const seeds = cores(interior, height, width);
  addPiecesWithoutCore(seeds, foreground, height, width);
  return watershed(relief, seeds, foreground, height, width);
}

function cores(interior: Uint8Array, height: number, width: number): Int32Array {
  const cleaned = open(interior, height, width);
  restoreImageEdge(cleaned, interior, height, width);
  const { labels, areas } = components(cleaned, height, width);
  return labels.map((label) => (areas[label]! < MINIMUM_CORE ? 0 : label));
}

/** The opening eats pixels at the image's edge, where a nucleus is cut off: those with a full 3x3 neighbourhood come back. */
function restoreImageEdge(cleaned: Uint8Array, interior: Uint8Array, height: number, width: number): void {
  const full = (y: number, x: number): boolean => {
    for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
      for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) if (!interior[v * width + u]) return false;
    }
    return true;
  };
  const restore = (y: number, x: number): void => {
    if (full(y, x)) cleaned[y * width + x] = 1;
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) restore(y, x);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) restore(y, x);
}

function addPiecesWithoutCore(seeds: Int32Array, foreground: Uint8Array, height: number, width: number): void {
  const { labels, areas } = components(foreground, height, width);
  const hasCore = new Uint8Array(areas.length);
  let next = 0;
  for (let i = 0; i < seeds.length; i++) {
    if (seeds[i]) hasCore[labels[i]!] = 1;
    next = Math.max(next, seeds[i]!);
  }
  const labelOf = areas.map((area, piece) => (area >= MINIMUM_PIECE && !hasCore[piece] ? ++next : 0));
  for (let i = 0; i < seeds.length; i++) seeds[i] ||= labelOf[labels[i]!]!;
}
