import { type Graph, sizeOf, type Variable } from './graph.ts';
import { Random } from './random.ts';

/**
 * How a new weight starts; a number is a constant. HeNormal: He 2015 for leaky ReLU of slope 0.2. FanIn: variance 1 / (3 fan-in), that of PyTorch's
 * default; under spectral norm the scale of a weight only sets how fast it turns. unit: a random direction of length 1.
 */
export type Initializer = number | { deviation: number } | 'HeNormal' | 'FanIn' | 'unit';

/** The named weights of one network: trainable ones, and buffers (spectral norm's vectors, running statistics). */
export class Parameters {
  readonly graph: Graph;
  readonly prefix: string;
  readonly trainable: Variable[] = [];
  readonly #seed: number;
  readonly #known = new Map<string, Variable>();
  #average: Map<string, Variable> | null = null;

  constructor(graph: Graph, prefix: string, seed: number) {
    this.graph = graph;
    this.prefix = prefix;
    this.#seed = seed;
  }

  /** The weight of that name; made at its first use. */
  trained(name: string, shape: readonly number[], start: Initializer): Variable {
    const known = this.#known.get(name);
    if (known) return known;
    const variable = this.#create(name, shape, start);
    this.trainable.push(variable);
    return variable;
  }

  /** State that no gradient changes. */
  buffer(name: string, shape: readonly number[], start: Initializer): Variable {
    return this.#known.get(name) ?? this.#create(name, shape, start);
  }

  /** Exponential moving averages of the trained weights, one for each; they start equal to the weights. */
  averages(): ReadonlyMap<string, Variable> {
    this.#average ??= new Map(
      this.trainable.map((weight) => [weight.name, this.graph.variable(`${weight.name}/average`, weight.shape, weight.initial)]),
    );
    return this.#average;
  }

  get count(): number {
    return this.trainable.reduce((total, { shape }) => total + sizeOf(shape), 0);
  }

  #create(name: string, shape: readonly number[], start: Initializer): Variable {
    const path = `${this.prefix}/${name}`;
    const variable = this.graph.variable(path, shape, initialValues(shape, start, new Random(this.#seed, path)));
    this.#known.set(name, variable);
    return variable;
  }
}

function initialValues(shape: readonly number[], start: Initializer, random: Random): Float32Array {
  const count = sizeOf(shape);
  if (typeof start === 'number') return new Float32Array(count).fill(start);
  if (start === 'unit') return unit(random.normals(count));
  const fanIn = count / shape.at(-1)!;
  if (start === 'HeNormal') return random.normals(count, Math.sqrt(2 / ((1 + 0.2 ** 2) * fanIn)));
  if (start === 'FanIn') return random.normals(count, Math.sqrt(1 / (3 * fanIn)));
  return random.normals(count, start.deviation);
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}
