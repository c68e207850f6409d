import { test } from 'node:test';
import type { Tensor } from '../graph.ts';
import { leakyRelu, logSoftmax, relu, sigmoid, softmax, softplus, tanh } from './activation.ts';
import { broadcastTo, reshape, sum } from './broadcast.ts';
import { biasAdd, conv2d, convInput, narrowConv2d } from './conv.ts';
import { checkGradient, type GradientCase, gradientOf, nativeForTests } from './gradient-check.ts';
import { abs, add, addN, div, exp, log, mean, mul, neg, rsqrt, scale, sqrt, square, sub } from './math.ts';
import { affineNorm, batchNorm, instanceNorm } from './norm.ts';
import { maxPool, upsample } from './pool.ts';
import { dropout } from './random.ts';
import { reflectPad } from './reflect.ts';
import { concat, matMul, slice, split, zeroPad } from './shape.ts';

const native = nativeForTests();
const matrix = [3, 4];
const image = [2, 4, 4, 3];

const elementwise: Record<string, GradientCase> = {
  add: { inputs: [matrix, matrix], op: add },
  'add, a row to a matrix': { inputs: [matrix, [4]], op: add },
  'add, a column to a row': {
    inputs: [
      [3, 1],
      [1, 4],
    ],
    op: add,
  },
  'add, a scalar to a matrix': { inputs: [[], matrix], op: add },
  sub: { inputs: [matrix, matrix], op: sub },
  'sub, a matrix from a row': { inputs: [[4], matrix], op: sub },
  mul: { inputs: [matrix, matrix], op: mul },
  'mul, channels of an image': { inputs: [image, [3]], op: mul },
  'mul, pixels of a sample': {
    inputs: [
      [2, 1, 1, 3],
      [4, 1, 3],
    ],
    op: mul,
  },
  'mul of a value with itself': { inputs: [matrix], op: (x) => mul(x!, x!) },
  div: { inputs: [matrix, matrix], op: div, values: 'Positive' },
  'div, a matrix by a row': { inputs: [matrix, [4]], op: div, values: 'Positive' },
  'div, a row by a matrix': { inputs: [[1, 4], matrix], op: div, values: 'Positive' },
  scale: { inputs: [matrix], op: (x) => scale(x!, -2.5) },
  neg: { inputs: [matrix], op: neg },
  square: { inputs: [matrix], op: square },
  abs: { inputs: [matrix], op: abs, values: 'Apart' },
  exp: { inputs: [matrix], op: exp },
  log: { inputs: [matrix], op: log, values: 'Positive' },
  sqrt: { inputs: [matrix], op: sqrt, values: 'Positive' },
  rsqrt: { inputs: [matrix], op: rsqrt, values: 'Positive' },
  addN: { inputs: [matrix, matrix, matrix], op: (...xs) => addN(xs) },
  'addN of one': { inputs: [matrix], op: (x) => addN([square(x!)]) },
  broadcastTo: { inputs: [[3, 1]], op: (x) => broadcastTo(x!, [2, 3, 4]) },
  relu: { inputs: [matrix], op: relu, values: 'Apart' },
  leakyRelu: { inputs: [matrix], op: (x) => leakyRelu(x!), values: 'Apart' },
  'leakyRelu, another slope': { inputs: [matrix], op: (x) => leakyRelu(x!, 0.05), values: 'Apart' },
  tanh: { inputs: [matrix], op: tanh },
  sigmoid: { inputs: [matrix], op: sigmoid },
  softplus: { inputs: [matrix], op: softplus },
  softmax: { inputs: [matrix], op: softmax },
  logSoftmax: { inputs: [matrix], op: logSoftmax },
  dropout: { inputs: [[4, 8]], op: (x) => dropout(x!, 0.4, x!.graph.constant([3, 5])) },
};

const shapes: Record<string, GradientCase> = {
  reshape: { inputs: [matrix], op: (x) => reshape(x!, [2, 6]) },
  'sum of all': { inputs: [matrix], op: (x) => sum(x!) },
  'sum over axes': { inputs: [image], op: (x) => sum(x!, [1, 2]) },
  'sum over axes that are kept': { inputs: [image], op: (x) => sum(x!, [0, 3], true) },
  mean: { inputs: [image], op: (x) => mean(x!, [1, 2]) },
  'concat of channels': {
    inputs: [
      [2, 3, 1],
      [2, 3, 4],
      [2, 3, 2],
    ],
    op: (...xs) => concat(xs, 2),
  },
  'concat of rows': { inputs: [matrix, [1, 4]], op: (...xs) => concat(xs, 0) },
  'concat of a value with itself': { inputs: [matrix], op: (x) => concat([x!, square(x!), x!], 1) },
  slice: { inputs: [image], op: (x) => slice(x!, [1, 0, 2, 1], [1, 4, 1, 2]) },
  zeroPad: { inputs: [matrix], op: (x) => zeroPad(x!, [1, 0], [0, 2]) },
  split: { inputs: [[6, 3]], op: (x) => sumOfScaled(split(x!, 3)) },
  'split, a part unused': { inputs: [[6, 3]], op: (x) => mul(x!.graph.scalar(2), split(x!, 3)[1]!) },
  'split into twelve': { inputs: [[12, 2]], op: (x) => sumOfScaled(split(x!, 12)) },
  matMul: {
    inputs: [
      [3, 4],
      [4, 2],
    ],
    op: matrixProduct(false, false),
  },
  'matMul, a transposed': {
    inputs: [
      [4, 3],
      [4, 2],
    ],
    op: matrixProduct(true, false),
  },
  'matMul, b transposed': {
    inputs: [
      [3, 4],
      [2, 4],
    ],
    op: matrixProduct(false, true),
  },
  'matMul, both transposed': {
    inputs: [
      [4, 3],
      [2, 4],
    ],
    op: matrixProduct(true, true),
  },
};

const pixels: Record<string, GradientCase> = {
  biasAdd: { inputs: [image, [3]], op: biasAdd },
  'reflectPad by 1': { inputs: [image], op: (x) => reflectPad(x!, 1) },
  'reflectPad, borders that meet': { inputs: [[1, 3, 5, 2]], op: (x) => reflectPad(x!, 2) },
  narrowConv2d: {
    inputs: [
      [2, 5, 10, 3],
      [3, 3, 3, 2],
    ],
    op: (x, w) => scale(narrowConv2d(x!, w!), 0.3),
  },
  'reflectPad by 3': { inputs: [[1, 5, 4, 2]], op: (x) => reflectPad(x!, 3) },
  upsample: { inputs: [[2, 2, 3, 2]], op: upsample },
  maxPool: { inputs: [[2, 4, 6, 2]], op: maxPool, values: 'Apart' },
  batchNorm: { inputs: [image, [3], [3]], op: (x, gain, bias) => batchNorm(x!, gain!, bias!).y },
  affineNorm: { inputs: [image, [3], [3], [3], [3]], op: affineNorm, values: 'Positive' },
  'instanceNorm of one sample': {
    inputs: [
      [1, 4, 4, 3],
      [1, 3],
      [1, 3],
    ],
    op: instanceNorm,
  },
  'instanceNorm, gain shared by the samples': { inputs: [image, [1, 3], [1, 3]], op: instanceNorm },
  'instanceNorm, gain of each sample': { inputs: [image, [2, 3], [2, 3]], op: instanceNorm },
  'instanceNorm of ten samples': {
    inputs: [
      [10, 2, 2, 2],
      [10, 2],
      [1, 2],
    ],
    op: instanceNorm,
  },
};

/** [size, kernel, stride, padding] as the networks use them, and around: each padding mode of the kernels, odd sizes, pixels that no window covers. */
const geometries = [
  [5, 1, 1, 0],
  [5, 3, 1, 0],
  [5, 3, 1, 1],
  [6, 3, 2, 1],
  [5, 3, 2, 1],
  [6, 4, 2, 1],
  [7, 4, 2, 1],
  [5, 4, 1, 1],
  [8, 7, 1, 0],
  [5, 3, 1, 2],
  [6, 2, 2, 0],
  [7, 3, 2, 0],
  [6, 3, 2, 0],
  [4, 5, 1, 2],
] as const;
const convolutions: Record<string, GradientCase> = Object.fromEntries(
  geometries.flatMap(([size, kernel, stride, padding]): [string, GradientCase][] => {
    const geometry = { stride, padding };
    const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const weights = [kernel, kernel, 2, 3];
    const name = `${size}x${size - 1} pixels, kernel ${kernel}, stride ${stride}, padding ${padding}`;
    const outWide = Math.floor((size - 1 + 2 * padding - kernel) / stride) + 1;
    return [
      [`conv2d: ${name}`, { inputs: [[2, size, size - 1, 2], weights], op: (x, w) => scale(conv2d(x!, w!, geometry), 0.3) }],
      [
        `convInput: ${name}`,
        { inputs: [weights, [2, out, outWide, 3]], op: (w, y) => scale(convInput(w!, y!, [2, size, size - 1, 2], geometry), 0.3) },
      ],
    ];
  }),
);

/** The layers that R1 and WGAN-GP go through, joined; smooth, so that differences can judge them. */
const layers: Record<string, GradientCase> = {
  'convolution, instance norm, tanh, bias': {
    inputs: [[2, 4, 4, 2], [3, 3, 2, 2], [1, 2], [1, 2], [2]],
    op: (x, w, gain, bias, shift) => biasAdd(tanh(instanceNorm(conv2d(x!, w!, { stride: 1, padding: 1 }), gain!, bias!)), shift!),
  },
  'an instance norm whose output meets its input again': {
    inputs: [
      [2, 2, 3, 2],
      [1, 2],
      [1, 2],
    ],
    op: (x, gain, bias) => mul(instanceNorm(x!, gain!, bias!), x!),
  },
  'weights divided by their norm': {
    inputs: [
      [1, 4, 4, 2],
      [4, 4, 2, 2],
    ],
    op: (x, w) => tanh(conv2d(x!, div(w!, sqrt(sum(square(w!)))), { stride: 2, padding: 1 })),
  },
};

const once: Record<string, GradientCase> = { ...elementwise, ...shapes, ...pixels, ...convolutions, ...layers };
for (const [name, of] of Object.entries(once)) {
  test(`gradient - ${name} agrees with finite differences`, () => checkGradient(native, of));
  test(`second-order gradient - ${name} agrees with finite differences`, () => checkGradient(native, { ...of, op: gradientOf(of.op) }));
}

function sumOfScaled(parts: readonly Tensor[]): Tensor {
  return addN(parts.map((part, i) => scale(part, i + 1)));
}

function matrixProduct(transposeA: boolean, transposeB: boolean) {
  return (...[a, b]: Tensor[]): Tensor => matMul(a!, b!, transposeA, transposeB);
}
