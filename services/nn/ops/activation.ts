import type { Tensor } from '../graph.ts';
import { FLOAT } from '../graph-def.ts';
import { sum } from './broadcast.ts';
import { mul, scale, sub } from './math.ts';

/*
 * relu and its kin use TensorFlow's fused gradient kernels. Those are linear in dy, so their own gradient with respect to dy is the same
 * kernel again; with respect to x it is zero almost everywhere.
 */

export function relu(x: Tensor): Tensor {
  const [y] = x.graph.op('Relu', [x], FLOAT, [x.shape], ([dy]) => [reluGrad(dy!, y!)]);
  return y!;
}

function reluGrad(dy: Tensor, y: Tensor): Tensor {
  return dy.graph.op('ReluGrad', [dy, y], FLOAT, [dy.shape], ([ddy]) => [reluGrad(ddy!, y), null])[0]!;
}

export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  const [y] = x.graph.op('LeakyRelu', [x], { ...FLOAT, alpha: { float: slope } }, [x.shape], ([dy]) => [leakyReluGrad(dy!, y!, slope)]);
  return y!;
}

/** Takes the output y, whose sign is x's: with x itself grappler cannot fuse the convolution before it. */
function leakyReluGrad(dy: Tensor, y: Tensor, slope: number): Tensor {
  const attributes = { ...FLOAT, alpha: { float: slope } };
  return dy.graph.op('LeakyReluGrad', [dy, y], attributes, [dy.shape], ([ddy]) => [leakyReluGrad(ddy!, y, slope), null])[0]!;
}

export function tanh(x: Tensor): Tensor {
  const [y] = x.graph.op('Tanh', [x], FLOAT, [x.shape], ([dy]) => [tanhGrad(y!, dy!)]);
  return y!;
}

/** dy * (1 - y^2) */
function tanhGrad(y: Tensor, dy: Tensor): Tensor {
  return dy.graph.op('TanhGrad', [y, dy], FLOAT, [dy.shape], ([d], needs) => [
    needs[0] ? scale(mul(mul(d!, dy), y), -2) : null,
    needs[1] ? tanhGrad(y, d!) : null,
  ])[0]!;
}

export function sigmoid(x: Tensor): Tensor {
  const [y] = x.graph.op('Sigmoid', [x], FLOAT, [x.shape], ([dy]) => [mul(dy!, sub(y!, mul(y!, y!)))]);
  return y!;
}

/** log(1 + e^x) */
export function softplus(x: Tensor): Tensor {
  return x.graph.op('Softplus', [x], FLOAT, [x.shape], ([dy]) => [mul(dy!, sigmoid(x))])[0]!;
}

/** Over the last axis; x of rank 2. */
export function softmax(x: Tensor): Tensor {
  const [y] = x.graph.op('Softmax', [x], FLOAT, [x.shape], ([dy]) => [mul(sub(dy!, sum(mul(dy!, y!), [x.shape.length - 1], true)), y!)]);
  return y!;
}

/** Over the last axis; x of rank 2. */
export function logSoftmax(x: Tensor): Tensor {
  return x.graph.op('LogSoftmax', [x], FLOAT, [x.shape], ([dy]) => [sub(dy!, mul(softmax(x), sum(dy!, [x.shape.length - 1], true)))])[0]!;
}
