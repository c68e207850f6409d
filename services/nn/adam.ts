import type { Graph, Tensor, Variable } from './graph.ts';
import { DType } from './graph-def.ts';
import { sub } from './ops/math.ts';
import type { Parameters } from './parameters.ts';

export interface AdamSpec {
  readonly beta1: number;
  readonly beta2: number;
}

const EPSILON = 1e-8;

/** Adam (Kingma and Ba 2015), equal to PyTorch's: epsilon is added to the bias-corrected root. Its state is two moments a weight and the step. */
export class Adam {
  readonly #spec: AdamSpec;
  readonly #slots: { weight: Variable; moment1: Variable; moment2: Variable }[];

  constructor(parameters: Parameters, spec: AdamSpec) {
    this.#spec = spec;
    const moment = (weight: Variable, name: string) =>
      parameters.graph.variable(`${weight.name}/${name}`, weight.shape, new Float32Array(weight.initial.length));
    this.#slots = parameters.trainable.map((weight) => ({
      weight,
      moment1: moment(weight, 'moment1'),
      moment2: moment(weight, 'moment2'),
    }));
  }

  /** Adds one step to the current run, which then wants `feeds()`. gradients: one for each trainable weight, in order. */
  apply(graph: Graph, gradients: readonly Tensor[]): void {
    const { beta1, beta2 } = this.#spec;
    // With powers of 0 the kernel leaves the bias correction, which it would compute in float32, to the rate.
    const powers = [graph.scalar(0), graph.scalar(0)];
    const [rate, epsilon] = ['rate', 'epsilon'].map((name) => graph.placeholder(`adam/${name}`, []));
    const rest = [...powers, rate!, graph.scalar(beta1), graph.scalar(beta2), epsilon!];
    this.#slots.forEach(({ weight, moment1, moment2 }, i) => {
      graph.write('ResourceApplyAdam', [weight, moment1, moment2], [...rest, gradients[i]!], { T: { type: DType.float32 } });
    });
  }

  /** For the step with this number (1, 2, ...). The bias corrections are computed from the number alone: a resumed run needs no more. */
  feeds(step: number, learningRate: number): Record<string, Float32Array> {
    // The kernel decays by the float32 numbers; so must the corrections, or the first steps are off by 1e-5.
    const [correction1, correction2] = [this.#spec.beta1, this.#spec.beta2].map((beta) => 1 - Math.fround(beta) ** step);
    const root = Math.sqrt(correction2!);
    return { 'adam/rate': Float32Array.of((learningRate * root) / correction1!), 'adam/epsilon': Float32Array.of(EPSILON * root) };
  }
}

/** Adds to the current run: average += (1 - decay) (weight - average) for each trainable weight; feed 'averaging/rate' = 1 - decay. */
export function updateAverages(graph: Graph, parameters: Parameters): void {
  const rate = graph.placeholder('averaging/rate', []);
  const averages = parameters.averages();
  for (const weight of parameters.trainable) {
    const average = averages.get(weight.name)!;
    const distance = sub(graph.read(average), graph.read(weight));
    graph.write('ResourceApplyGradientDescent', [average], [rate, distance], { T: { type: DType.float32 } });
  }
}

/** Flat, then from `decayFrom` (a fraction of the run) linearly towards 0. step: 0..steps-1. */
export function decayedRate(rate: number, step: number, steps: number, decayFrom: number): number {
  const done = step / steps;
  return decayFrom >= 1 ? rate : rate * Math.min(1, (1 - done) / (1 - decayFrom));
}
