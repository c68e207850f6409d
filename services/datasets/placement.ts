import type { Random } from './types.ts';

/** A crop and its symmetry: one of the eight of the square. */
export interface Placement {
  top: number;
  left: number;
  /** Quarter turns, counter-clockwise (numpy.rot90). */
  rotate: 0 | 1 | 2 | 3;
  /** Left-right, after the rotation. */
  flip: boolean;
}

/** Draws a crop of `crop` x `crop` pixels from an image of `size` x `size`, with a random symmetry. */
export function drawPlacement(random: Random, size: number, crop: number): Placement {
  if (crop > size) throw new RangeError(`a crop of ${crop} pixels does not fit into an image of ${size}`);
  return {
    top: random.integer(size - crop + 1),
    left: random.integer(size - crop + 1),
    rotate: random.integer(4) as Placement['rotate'],
    flip: random.integer(2) === 1,
  };
}

/**
 * Cuts a placement out of an image or a label plane.
 * @param pixels [size, size, channels]
 * @returns [crop, crop, channels], of the same array type
 */
export function cropImage<T extends Uint8Array | Int32Array | Float32Array>(
  pixels: T,
  size: number,
  channels: number,
  placement: Placement,
  crop: number,
): T {
  const { top, left, rotate, flip } = placement;
  const out = new (pixels.constructor as new (length: number) => T)(crop * crop * channels);
  const last = crop - 1;
  // Source position of the output's first pixel, and the steps in the source for a step right and a step down in the output.
  const [row, column, rightRow, rightColumn] = corners(rotate, last);
  const down = { row: rightColumn, column: -rightRow };
  for (let y = 0; y < crop; y++) {
    for (let x = 0; x < crop; x++) {
      const step = flip ? last - x : x;
      const sourceRow = top + row + step * rightRow + y * down.row;
      const sourceColumn = left + column + step * rightColumn + y * down.column;
      const from = (sourceRow * size + sourceColumn) * channels;
      const to = (y * crop + x) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = pixels[from + c]!;
    }
  }
  return out;
}

/** [row, column] of the source pixel that lands top-left after the turns, and [row, column] of the source step for one step right. */
function corners(rotate: Placement['rotate'], last: number): readonly [number, number, number, number] {
  switch (rotate) {
    case 0:
      return [0, 0, 0, 1];
    case 1:
      return [0, last, 1, 0];
    case 2:
      return [last, last, 0, -1];
    case 3:
      return [last, 0, -1, 0];
  }
}
