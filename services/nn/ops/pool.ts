import type { Tensor } from '../graph.ts';
import { type Attribute, FLOAT } from '../graph-def.ts';

const WINDOW: Record<string, Attribute> = {
  ...FLOAT,
  ksize: { ints: [1, 2, 2, 1] },
  strides: { ints: [1, 2, 2, 1] },
  padding: { text: 'VALID' },
  explicit_paddings: { ints: [] },
  data_format: { text: 'NHWC' },
};

/** Largest of each 2x2 window: [n, h, w, c] -> [n, h/2, w/2, c]; h and w even. */
export function maxPool(x: Tensor): Tensor {
  const [n, height, width, channels] = x.shape;
  const [y] = x.graph.op('MaxPool', [x], WINDOW, [[n!, height! / 2, width! / 2, channels!]], ([dy]) => [maxPoolGrad(x, y!, dy!)]);
  return y!;
}

function maxPoolGrad(x: Tensor, y: Tensor, dy: Tensor): Tensor {
  return x.graph.op('MaxPoolGrad', [x, y, dy], WINDOW, [x.shape], ([d]) => [null, null, maxPoolGradGrad(x, y, d!)])[0]!;
}

function maxPoolGradGrad(x: Tensor, y: Tensor, d: Tensor): Tensor {
  const { explicit_paddings: _none, ...attributes } = WINDOW;
  return x.graph.op('MaxPoolGradGrad', [x, y, d], attributes, [y.shape], null)[0]!;
}

const RESIZE = { ...FLOAT, align_corners: { bool: false }, half_pixel_centers: { bool: false } } as const;

/** Repeats each pixel 2x2: [n, h, w, c] -> [n, 2h, 2w, c]. */
export function upsample(x: Tensor): Tensor {
  const [n, height, width, channels] = x.shape;
  const size = x.graph.ints([2 * height!, 2 * width!]);
  return x.graph.op('ResizeNearestNeighbor', [x, size], RESIZE, [[n!, 2 * height!, 2 * width!, channels!]], ([dy]) => [
    downsampleSum(dy!),
    null,
  ])[0]!;
}

/** Adjoint of upsample: the sum of each 2x2 window. */
function downsampleSum(y: Tensor): Tensor {
  const [n, height, width, channels] = y.shape;
  const size = y.graph.ints([height! / 2, width! / 2]);
  return y.graph.op('ResizeNearestNeighborGrad', [y, size], RESIZE, [[n!, height! / 2, width! / 2, channels!]], ([d]) => [
    upsample(d!),
    null,
  ])[0]!;
}
