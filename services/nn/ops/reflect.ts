import type { Tensor } from '../graph.ts';
import { DType, INDEX } from '../graph-def.ts';
import { addN } from './math.ts';
import { concat, slice } from './shape.ts';

/*
 * Reflection is two gathers (rows, then columns), and its adjoint folds the borders back, columns first: three times as fast on a CPU as
 * TensorFlow's MirrorPad and MirrorPadGrad, whose results these are.
 */

const ROWS = 1;
const COLUMNS = 2;

/** Reflects `border` pixels at each edge (the edge pixel itself is not repeated): [n, h, w, c] -> [n, h + 2 border, w + 2 border, c]. */
export function reflectPad(x: Tensor, border: number): Tensor {
  return reflect(reflect(x, ROWS, border), COLUMNS, border);
}

function reflect(x: Tensor, axis: number, border: number): Tensor {
  const extent = x.shape[axis]!;
  const shape = x.shape.with(axis, extent + 2 * border);
  const from = Array.from({ length: extent + 2 * border }, (_, i) => mirrored(i - border, extent));
  const attributes = { Tparams: { type: DType.float32 }, Tindices: INDEX, Taxis: INDEX, batch_dims: { int: 0 } } as const;
  const inputs = [x, x.graph.ints(from), x.graph.constant([axis], [], DType.int32)];
  return x.graph.op('GatherV2', inputs, attributes, [shape], ([dy]) => [fold(dy!, axis, border), null, null])[0]!;
}

const mirrored = (i: number, extent: number): number => extent - 1 - Math.abs(extent - 1 - Math.abs(i));

/** Adjoint of reflect: adds each border line to the line that it mirrors. */
function fold(dy: Tensor, axis: number, border: number): Tensor {
  const last = dy.shape[axis]! - 2 * border - 1;
  const lines = (start: number, count: number) =>
    slice(
      dy,
      dy.shape.map((_, i) => (i === axis ? start : 0)),
      dy.shape.with(axis, count),
    );
  const folded = (line: number) => {
    const before = line >= 1 && line <= border ? [lines(border - line, 1)] : [];
    const after = line >= last - border && line < last ? [lines(border + 2 * last - line, 1)] : [];
    return addN([lines(border + line, 1), ...before, ...after]);
  };
  const between = last - 2 * border - 1;
  const middle = between > 0 ? [lines(2 * border + 1, between)] : [];
  return concat(
    [...range(0, Math.min(border, last)).map(folded), ...middle, ...range(Math.max(border + 1, last - border), last).map(folded)],
    axis,
  );
}

/** from, from + 1, ..., to */
const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
