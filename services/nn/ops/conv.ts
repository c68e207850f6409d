import type { Tensor } from '../graph.ts';
import { type Attribute, DType, FLOAT } from '../graph-def.ts';
import { broadcastTo, reshape } from './broadcast.ts';

/** Stride and zero padding (before and after, both directions alike) of a convolution, as PyTorch counts them. */
export interface ConvGeometry {
  readonly stride: number;
  readonly padding: number;
}

/*
 * A convolution and its two adjoints are each other's gradients, so one triple serves forward, backward and backward of backward:
 *   conv2d(x, w), convInput(w, y) = d<conv2d(x, w), y>/dx, convFilter(x, y) = d<conv2d(x, w), y>/dw.
 */

/** x: [n, h, w, in], w: [k, k, in, out] -> [n, oh, ow, out] with oh = floor((h + 2 padding - k) / stride) + 1. */
export function conv2d(x: Tensor, w: Tensor, geometry: ConvGeometry): Tensor {
  const [n, height, width] = x.shape;
  const [kernel, , , filters] = w.shape;
  const extent = (size: number) => Math.floor((size + 2 * geometry.padding - kernel!) / geometry.stride) + 1;
  const shape = [n!, extent(height!), extent(width!), filters!];
  return x.graph.op('Conv2D', [x, w], attributesOf(geometry, kernel!, height!, width!), [shape], ([dy], needs) => [
    needs[0] ? convInput(w, dy!, x.shape, geometry) : null,
    needs[1] ? convFilter(x, dy!, w.shape, geometry) : null,
  ])[0]!;
}

/**
 * Transposed convolution: the adjoint of conv2d with respect to its input.
 * w: [k, k, out, in], y: [n, oh, ow, in] -> `shape` [n, h, w, out]. PyTorch's ConvTranspose2d(k, stride 2, padding 1, output_padding 1) has shape [n, 2 oh, 2 ow, out].
 */
export function convInput(w: Tensor, y: Tensor, shape: readonly number[], geometry: ConvGeometry): Tensor {
  const attributes = attributesOf(geometry, w.shape[0]!, shape[1]!, shape[2]!);
  return y.graph.op('Conv2DBackpropInput', [y.graph.ints(shape), w, y], attributes, [shape], ([dx], needs) => [
    null,
    needs[1] ? convFilter(dx!, y, w.shape, geometry) : null,
    needs[2] ? conv2d(dx!, w, geometry) : null,
  ])[0]!;
}

/** d<conv2d(x, w), y>/dw: -> [k, k, in, out]. */
function convFilter(x: Tensor, y: Tensor, shape: readonly number[], geometry: ConvGeometry): Tensor {
  const attributes = attributesOf(geometry, shape[0]!, x.shape[1]!, x.shape[2]!);
  return x.graph.op('Conv2DBackpropFilter', [x, x.graph.ints(shape), y], attributes, [shape], ([dw], needs) => [
    needs[0] ? convInput(dw!, y, x.shape, geometry) : null,
    null,
    needs[2] ? conv2d(x, dw!, geometry) : null,
  ])[0]!;
}

/** Adds b: [c] to each pixel of x: [n, h, w, c]. */
export function biasAdd(x: Tensor, b: Tensor): Tensor {
  return x.graph.op('BiasAdd', [x, b], BIAS, [x.shape], ([dy], needs) => [dy!, needs[1] ? biasAddGrad(dy!) : null])[0]!;
}

const BIAS = { ...FLOAT, data_format: { text: 'NHWC' } } as const;

function biasAddGrad(dy: Tensor): Tensor {
  const channels = dy.shape.at(-1)!;
  return dy.graph.op('BiasAddGrad', [dy], BIAS, [[channels]], ([d]) => [broadcastTo(reshape(d!, [1, 1, 1, channels]), dy.shape)])[0]!;
}

/** Reflects `border` pixels at each edge (the edge pixel itself is not repeated): [n, h, w, c] -> [n, h + 2 border, w + 2 border, c]. */
export function reflectPad(x: Tensor, border: number): Tensor {
  const [n, height, width, channels] = x.shape;
  const shape = [n!, height! + 2 * border, width! + 2 * border, channels!];
  return x.graph.op('MirrorPad', [x, reflectBorders(x, border)], REFLECT, [shape], ([dy]) => [
    reflectPadGrad(dy!, border, x.shape),
    null,
  ])[0]!;
}

/** Adjoint of reflectPad: adds what was mirrored back to where it came from. */
function reflectPadGrad(dy: Tensor, border: number, shape: readonly number[]): Tensor {
  return dy.graph.op('MirrorPadGrad', [dy, reflectBorders(dy, border)], REFLECT, [shape], ([d]) => [reflectPad(d!, border), null])[0]!;
}

const REFLECT = { ...FLOAT, Tpaddings: { type: DType.int32 }, mode: { text: 'REFLECT' } } as const;

const reflectBorders = (x: Tensor, border: number): Tensor =>
  x.graph.constant([0, 0, border, border, border, border, 0, 0], [4, 2], DType.int32);

/** TensorFlow's name for a padding where it has one (those kernels are the fast ones), else the explicit numbers. */
function attributesOf({ stride, padding }: ConvGeometry, kernel: number, height: number, width: number): Record<string, Attribute> {
  const isSame = (size: number) => {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
    return total === 2 * padding;
  };
  const mode = padding === 0 ? 'VALID' : isSame(height) && isSame(width) ? 'SAME' : 'EXPLICIT';
  return {
    ...FLOAT,
    strides: { ints: [1, stride, stride, 1] },
    padding: { text: mode },
    explicit_paddings: { ints: mode === 'EXPLICIT' ? [0, 0, padding, padding, padding, padding, 0, 0] : [] },
    dilations: { ints: [1, 1, 1, 1] },
    data_format: { text: 'NHWC' },
    use_cudnn_on_gpu: { bool: true },
  };
}
