import { gradients } from './gradients.ts';
import type { Graph, Tensor, Variable } from './graph.ts';
import { FLOAT } from './graph-def.ts';
import { sub } from './ops/math.ts';
import type { Parameters } from './parameters.ts';

export interface AdamSpec {
  readonly beta1: number;
  readonly beta2: number;
}

const EPSILON = 1e-8;

interface Slot {
  readonly weight: Variable;
  readonly moment1: Variable;
  readonly moment2: Variable;
}

/** Adam (Kingma and Ba 2015), equal to PyTorch's: epsilon is added to the bias-corrected root. Its state is two moments a weight and the step. */
export class Adam {
  readonly #parameters: Parameters;
  readonly #spec: AdamSpec;
  #slots: readonly Slot[] | null = null;

  /** For the weights that the network has when the first step is added. */
  constructor(parameters: Parameters, spec: AdamSpec) {
    this.#parameters = parameters;
    this.#spec = spec;
  }

  /** Adds a step down the slope of the loss (a scalar of the current run) to the run, which then wants `feeds()`. */
  minimise(loss: Tensor): void {
    const { graph, trainable } = this.#parameters;
    const weights = trainable.map((weight) => graph.read(weight));
    this.apply(gradients([loss], [graph.scalar(1)], weights));
  }

  /** Adds a step to the current run, which then wants `feeds()`. slopes: the gradient of each trainable weight, in order. */
  apply(slopes: readonly Tensor[]): void {
    const { graph } = this.#parameters;
    const { beta1, beta2 } = this.#spec;
    this.#slots ??= this.#parameters.trainable.map((weight) => this.#slotOf(weight));
    // With powers of 0 the kernel leaves the bias correction, which it would compute in float32, to the rate.
    const powers = [graph.scalar(0), graph.scalar(0)];
    const [rate, epsilon] = ['rate', 'epsilon'].map((name) => graph.placeholder(`adam/${name}`, []));
    const rest = [...powers, rate!, graph.scalar(beta1), graph.scalar(beta2), epsilon!];
    for (const [i, { weight, moment1, moment2 }] of this.#slots.entries()) {
      graph.write('ResourceApplyAdam', [weight, moment1, moment2], [...rest, slopes[i]!], FLOAT);
    }
  }

  /** For the step with this number (1, 2, ...). The bias corrections are computed from the number alone: a resumed run needs no more. */
  feeds(step: number, learningRate: number): Record<string, Float32Array> {
    // The kernel decays by the float32 numbers; so must the corrections, or the first steps are off by 1e-5.
    const [correction1, correction2] = [this.#spec.beta1, this.#spec.beta2].map((beta) => 1 - Math.fround(beta) ** step);
    const root = Math.sqrt(correction2!);
    return { 'adam/rate': Float32Array.of((learningRate * root) / correction1!), 'adam/epsilon': Float32Array.of(EPSILON * root) };
  }

  #slotOf(weight: Variable): Slot {
    const moment = (name: string) =>
      this.#parameters.graph.variable(`${weight.name}/${name}`, weight.shape, new Float32Array(weight.initial.length));
    return { weight, moment1: moment('moment1'), moment2: moment('moment2') };
  }
}

/** Adds to the current run: average += (1 - decay) (weight - average) for each trainable weight; feed 'averaging/rate' = 1 - decay. */
export function updateAverages(graph: Graph, parameters: Parameters): void {
  const rate = graph.placeholder('averaging/rate', []);
  const averages = parameters.averages();
  for (const weight of parameters.trainable) {
    const average = averages.get(weight.name)!;
    const distance = sub(graph.read(average), graph.read(weight));
    graph.write('ResourceApplyGradientDescent', [average], [rate, distance], FLOAT);
  }
}

/** Flat, then from `decayFrom` (a fraction of the run) linearly towards 0. step: 0..steps-1. */
export function decayedRate(rate: number, step: number, steps: number, decayFrom: number): number {
  const done = step / steps;
  return decayFrom >= 1 ? rate : rate * Math.min(1, (1 - done) / (1 - decayFrom));
}
