import type { Tensor } from '../graph.ts';
import { FLOAT, INDEX } from '../graph-def.ts';

/* Summing over axes and repeating along them are each other's adjoints. */

/** Sum over `axes` (all of them by default); the axes vanish unless `keep`. */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Tensor {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const shape = keep ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { ...FLOAT, Tidx: INDEX, keep_dims: { bool: keep } };
  return x.graph.op('Sum', [x, x.graph.ints(axes)], attributes, [shape], ([dy]) => [broadcastTo(reshape(dy!, kept), x.shape), null])[0]!;
}

/** Repeats x along the axes where its extent is 1, to `shape`. */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.join() === shape.join()) return x;
  const attributes = { ...FLOAT, Tidx: INDEX };
  return x.graph.op('BroadcastTo', [x, x.graph.ints(shape)], attributes, [shape], ([dy]) => [unbroadcast(dy!, x), null])[0]!;
}

/** Adjoint of broadcasting x to dy's shape: sums dy over the axes that were repeated. */
export function unbroadcast(dy: Tensor, x: Tensor): Tensor {
  if (dy.shape.join() === x.shape.join()) return dy;
  const lead = dy.shape.length - x.shape.length;
  const axes = dy.shape.map((_, axis) => axis).filter((axis) => axis < lead || (x.shape[axis - lead] === 1 && dy.shape[axis] !== 1));
  const summed = axes.length > 0 ? sum(dy, axes) : dy;
  return summed.shape.join() === x.shape.join() ? summed : reshape(summed, x.shape);
}

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return x.graph.op('Reshape', [x, x.graph.ints(shape)], { ...FLOAT, Tshape: INDEX }, [shape], ([dy]) => [reshape(dy!, x.shape), null])[0]!;
}
