import type { Tensor } from '../graph.ts';
import { DType } from '../graph-def.ts';
import { mul } from './math.ts';

/*
 * Random numbers that depend on nothing but `seed`: [2], whole numbers below 2^24 as float32.
 */

/**
 * Dropout (Srivastava 2014): each value is kept with probability 1 - rate and then divided by it.
 */
export function dropout(x: Tensor, rate: number, seed: Tensor): Tensor {
  const { graph, shape } = x;
  const kept = graph.op(
    'GreaterEqual',
    [stateless('StatelessRandomUniform', shape, seed), graph.scalar(rate)],
    { T: { type: DType.float32 } },
    [shape],
    null,
    DType.bool,
  )[0]!;
  const mask = graph.op('Cast', [kept], { SrcT: { type: DType.bool }, DstT: { type: DType.float32 }, Truncate: { bool: false } }, [
    shape,
  ])[0]!;
  return mul(mul(x, mask), graph.scalar(1 / (1 - rate)));
}

/** Standard normal numbers. */
export const randomNormal = (shape: readonly number[], seed: Tensor): Tensor => stateless('StatelessRandomNormal', shape, seed);

function stateless(op: string, shape: readonly number[], seed: Tensor): Tensor {
  const { graph } = seed;
  const whole = graph.op(
    'Cast',
    [seed],
    { SrcT: { type: DType.float32 }, DstT: { type: DType.int32 }, Truncate: { bool: false } },
    [[2]],
    null,
    DType.int32,
  )[0]!;
  const attributes = { dtype: { type: DType.float32 }, T: { type: DType.int32 }, Tseed: { type: DType.int32 } };
  return graph.op(op, [graph.ints(shape), whole], attributes, [shape])[0]!;
}
