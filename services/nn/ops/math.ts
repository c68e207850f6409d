import type { Tensor } from '../graph.ts';
import { DType, FLOAT } from '../graph-def.ts';
import { sum, unbroadcast } from './broadcast.ts';

/** Element-wise sum; shapes broadcast as in NumPy. */
export function add(a: Tensor, b: Tensor): Tensor {
  return binary('AddV2', a, b, (dy, needs) => [needs[0] ? unbroadcast(dy, a) : null, needs[1] ? unbroadcast(dy, b) : null]);
}

export function sub(a: Tensor, b: Tensor): Tensor {
  return binary('Sub', a, b, (dy, needs) => [needs[0] ? unbroadcast(dy, a) : null, needs[1] ? unbroadcast(neg(dy), b) : null]);
}

export function mul(a: Tensor, b: Tensor): Tensor {
  return binary('Mul', a, b, (dy, needs) => [needs[0] ? unbroadcast(mul(dy, b), a) : null, needs[1] ? unbroadcast(mul(dy, a), b) : null]);
}

export function div(a: Tensor, b: Tensor): Tensor {
  return binary('RealDiv', a, b, (dy, needs) => [
    needs[0] ? unbroadcast(div(dy, b), a) : null,
    needs[1] ? unbroadcast(neg(div(mul(dy, div(a, b)), b)), b) : null,
  ]);
}

export const scale = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : mul(x, x.graph.scalar(factor)));
export const neg = (x: Tensor): Tensor => unary('Neg', x, (dy) => neg(dy));
export const square = (x: Tensor): Tensor => unary('Square', x, (dy) => mul(dy, scale(x, 2)));
export const abs = (x: Tensor): Tensor => unary('Abs', x, (dy) => mul(dy, sign(x)));
const sign = (x: Tensor): Tensor => unary('Sign', x, null);
export const exp = (x: Tensor): Tensor => unary('Exp', x, (dy, y) => mul(dy, y));
export const log = (x: Tensor): Tensor => unary('Log', x, (dy) => div(dy, x));
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (dy, y) => div(scale(dy, 0.5), y));
export const rsqrt = (x: Tensor): Tensor => unary('Rsqrt', x, (dy, y) => mul(scale(dy, -0.5), mul(y, square(y))));

/** The value without its history: gradients stop here. */
export const stopGradient = (x: Tensor): Tensor => x.graph.op('Identity', [x], FLOAT, [x.shape])[0]!;

/** Mean over `axes` (all of them by default). */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Tensor {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  return scale(sum(x, axes, keep), 1 / count);
}

/** Sum of tensors of one shape; a single one is itself. */
export function addN(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const attributes = { ...FLOAT, N: { int: parts.length } };
  return first!.graph.op('AddN', parts, attributes, [first!.shape], ([dy]) => parts.map(() => dy!))[0]!;
}

export function zerosLike(x: Tensor): Tensor {
  return x.graph.op('Fill', [x.graph.ints(x.shape), x.graph.scalar(0)], { ...FLOAT, index_type: { type: DType.int32 } }, [x.shape])[0]!;
}

function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => Math.max(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1));
}

function binary(op: string, a: Tensor, b: Tensor, rule: (dy: Tensor, needs: readonly boolean[]) => (Tensor | null)[]): Tensor {
  return a.graph.op(op, [a, b], FLOAT, [broadcastShape(a.shape, b.shape)], ([dy], needs) => rule(dy!, needs))[0]!;
}

function unary(op: string, x: Tensor, rule: ((dy: Tensor, y: Tensor) => Tensor) | null): Tensor {
  const [y] = x.graph.op(op, [x], FLOAT, [x.shape], rule && (([dy]) => [rule(dy!, y!)]));
  return y!;
}
