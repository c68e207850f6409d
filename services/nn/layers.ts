import type { Graph, Tensor, Variable } from './graph.ts';
import { reshape, sum } from './ops/broadcast.ts';
import { biasAdd, conv2d, convInput, isNarrow, narrowConv2d } from './ops/conv.ts';
import { add, div, mul, rsqrt, square, stopGradient } from './ops/math.ts';
import { instanceNorm } from './ops/norm.ts';
import { reflectPad } from './ops/reflect.ts';
import { matMul } from './ops/shape.ts';
import type { Initializer, Parameters } from './parameters.ts';

export interface LayerSettings {
  /** Of convolution weights. */
  readonly initializer: Initializer;
  /** Divide each convolution's weights by their largest singular value (Miyato 2018, one power iteration a use). */
  readonly spectralNorm?: boolean;
  /** Use the moving averages of the weights instead of the weights. */
  readonly averaged?: boolean;
}

export interface ConvSpec {
  readonly kernel: number;
  readonly filters: number;
  readonly stride?: number;
  /** Zeros around the image, or the image's own reflection (kernel 2 border + 1). */
  readonly padding: number | 'reflect';
  readonly bias: boolean;
  /** Instead of the network's. */
  readonly initializer?: Initializer;
}

/**
 * A network's weights as seen from one place of the program: names come from here, so a checkpoint is readable. Within one scope a weight is read
 * and normalised once; a new scope over the same parameters sees what was written in between.
 */
export class Scope {
  readonly graph: Graph;
  readonly parameters: Parameters;
  readonly settings: LayerSettings;
  readonly #path: string;
  readonly #weights: Map<string, Tensor>;

  constructor(parameters: Parameters, settings: LayerSettings, path = '', weights = new Map<string, Tensor>()) {
    this.graph = parameters.graph;
    this.parameters = parameters;
    this.settings = settings;
    this.#path = path;
    this.#weights = weights;
  }

  child(name: string): Scope {
    return new Scope(this.parameters, this.settings, `${this.#path}${name}/`, this.#weights);
  }

  /** x: [n, h, w, in] -> [n, oh, ow, filters]. */
  conv(name: string, x: Tensor, { kernel, filters, stride = 1, padding, bias, initializer }: ConvSpec): Tensor {
    const w = this.#convWeight(name, [kernel, kernel, x.shape[3]!, filters], initializer);
    const y = padding === 'reflect' ? reflectConv(x, w, stride) : conv2d(x, w, { stride, padding });
    return bias ? biasAdd(y, this.weight(`${name}/bias`, [filters], 0)) : y;
  }

  /** 3x3, stride 2, no bias: [n, h, w, in] -> [n, 2h, 2w, filters]. */
  convTranspose(name: string, x: Tensor, filters: number): Tensor {
    const [n, height, width, channels] = x.shape;
    const w = this.#convWeight(name, [3, 3, filters, channels!]);
    return convInput(w, x, [n!, 2 * height!, 2 * width!, filters], { stride: 2, padding: 1 });
  }

  /** Instance normalisation; with a style [n, s], FiLM (Perez 2018) shifts each sample's gain and bias by a linear map of it. */
  instanceNorm(name: string, x: Tensor, style: Tensor | null): Tensor {
    const channels = x.shape[3]!;
    const gain = reshape(this.weight(`${name}/gain`, [channels], 1), [1, channels]);
    const bias = reshape(this.weight(`${name}/bias`, [channels], 0), [1, channels]);
    if (!style) return instanceNorm(x, gain, bias);
    const film = (part: string) => matMul(style, this.weight(`${name}/style-${part}`, [style.shape[1]!, channels], { deviation: 0.05 }));
    return instanceNorm(x, add(film('gain'), gain), add(film('bias'), bias));
  }

  weight(name: string, shape: readonly number[], start: Initializer): Tensor {
    return this.#memo(name, () => this.graph.read(this.#variable(name, shape, start)));
  }

  /** State beside the weights that no gradient changes. */
  buffer(name: string, shape: readonly number[], start: Initializer): Variable {
    return this.parameters.buffer(`${this.#path}${name}`, shape, start);
  }

  #convWeight(name: string, shape: readonly number[], initializer = this.settings.initializer): Tensor {
    const read = this.weight(`${name}/weight`, shape, initializer);
    return this.settings.spectralNorm ? this.#memo(`${name}/normalised`, () => this.#normalised(name, read)) : read;
  }

  /** w / sigma(w); the power iteration's vector u is kept between uses. */
  #normalised(name: string, w: Tensor): Tensor {
    const filters = w.shape.at(-1)!;
    const matrix = reshape(w, [w.shape.slice(0, -1).reduce((a, b) => a * b), filters]);
    const direction = this.buffer(`${name}/u`, [1, filters], 'unit');
    const fixed = stopGradient(matrix);
    const v = unitVector(matMul(this.graph.read(direction), fixed, false, true));
    const u = unitVector(matMul(v, fixed));
    this.graph.assign(direction, u);
    const sigma = sum(mul(matMul(v, matrix), u));
    return div(w, sigma);
  }

  #variable(name: string, shape: readonly number[], start: Initializer): Variable {
    const path = `${this.#path}${name}`;
    const variable = this.parameters.trained(path, shape, start);
    return this.settings.averaged ? this.parameters.averages().get(variable.name)! : variable;
  }

  #memo(name: string, make: () => Tensor): Tensor {
    const key = `${this.#path}${name}`;
    const known = this.#weights.get(key) ?? make();
    this.#weights.set(key, known);
    return known;
  }
}

/** The image is continued by its reflection, so that the result has its size (divided by the stride). */
function reflectConv(x: Tensor, w: Tensor, stride: number): Tensor {
  const padded = reflectPad(x, (w.shape[0]! - 1) / 2);
  return stride === 1 && isNarrow(w.shape[3]!, x.shape[2]!) ? narrowConv2d(padded, w) : conv2d(padded, w, { stride, padding: 0 });
}

const unitVector = (row: Tensor): Tensor => mul(row, rsqrt(add(sum(square(row), [0, 1], true), row.graph.scalar(1e-12))));
