import type { Tensor } from '../graph.ts';
import { DType, FLOAT, INDEX } from '../graph-def.ts';
import { broadcastTo } from './broadcast.ts';

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const shape = first!.shape.map((extent, i) => (i === axis ? parts.reduce((total, part) => total + part.shape[axis]!, 0) : extent));
  const attributes = { ...FLOAT, Tidx: INDEX, N: { int: parts.length } };
  const graph = first!.graph;
  return graph.op('ConcatV2', [...parts, graph.constant([axis], [], DType.int32)], attributes, [shape], ([dy], needs) => {
    let start = 0;
    const pieces = parts.map((part, i) => {
      const begin = shape.map((_, at) => (at === axis ? start : 0));
      start += part.shape[axis]!;
      return needs[i] ? slice(dy!, begin, part.shape) : null;
    });
    return [...pieces, null];
  })[0]!;
}

export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  const after = x.shape.map((extent, axis) => extent - begin[axis]! - size[axis]!);
  const inputs = [x, x.graph.ints(begin), x.graph.ints(size)];
  return x.graph.op('Slice', inputs, { ...FLOAT, Index: INDEX }, [size], ([dy]) => [zeroPad(dy!, begin, after), null, null])[0]!;
}

export function zeroPad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const shape = x.shape.map((extent, axis) => extent + before[axis]! + after[axis]!);
  const paddings = x.graph.constant(
    before.flatMap((count, axis) => [count, after[axis]!]),
    [x.shape.length, 2],
    DType.int32,
  );
  return x.graph.op('Pad', [x, paddings], { ...FLOAT, Tpaddings: INDEX }, [shape], ([dy]) => [slice(dy!, before, x.shape), null])[0]!;
}

/** The rows of axis 0 as `count` tensors of equal height. On axis 0 nothing is copied. */
export function split(x: Tensor, count: number): Tensor[] {
  if (count === 1) return [x];
  const part = [x.shape[0]! / count, ...x.shape.slice(1)];
  const axis = x.graph.constant([0], [], DType.int32);
  return x.graph.op('Split', [axis, x], { ...FLOAT, num_split: { int: count } }, Array<number[]>(count).fill(part), (dys) => [
    null,
    concat(
      Array.from({ length: count }, (_, i) => dys[i] ?? broadcastTo(x.graph.scalar(0), part)),
      0,
    ),
  ]);
}

/** Matrix product of rank-2 tensors, either one transposed on the way in. */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  const rows = a.shape[transposeA ? 1 : 0]!;
  const columns = b.shape[transposeB ? 0 : 1]!;
  const attributes = { ...FLOAT, transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } };
  return a.graph.op('MatMul', [a, b], attributes, [[rows, columns]], ([dy], needs) => [
    needs[0] ? (transposeA ? matMul(b, dy!, transposeB, true) : matMul(dy!, b, false, !transposeB)) : null,
    needs[1] ? (transposeB ? matMul(dy!, a, true, transposeA) : matMul(a, dy!, !transposeA, false)) : null,
  ])[0]!;
}
