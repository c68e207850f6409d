import type { Batch, DiscriminatorTrainer } from '#discriminator';
import type { GeneratorTrainer } from '#generator';
import type { State } from '#nn';

/*
 * Stand-ins for the networks: a few numbers that depend on all that the network was shown, so that a step too many, too few or out of order shows in
 * the last bits of the weights.
 */

const WEIGHTS = 4;

class FakeNetwork {
  protected weights: Float32Array;

  constructor(seed: number) {
    this.weights = Float32Array.from({ length: WEIGHTS }, (_, i) => Math.sin(seed + i));
  }

  state(): State {
    return new Map([['weights', { shape: [WEIGHTS], data: this.weights.slice() }]]);
  }

  restore(state: State): void {
    this.weights = state.get('weights')!.data.slice();
  }

  close(): void {}

  protected learn(rate: number, values: Float32Array): void {
    const sums = new Float32Array(WEIGHTS);
    values.forEach((value, i) => {
      sums[i % WEIGHTS]! += value * ((i % 7) + 1);
    });
    this.weights = this.weights.map((weight, i) => Math.fround(Math.sin(weight + rate * sums[i]!)));
  }
}

class FakeGenerator extends FakeNetwork {
  readonly #channels = 3;

  forward(iteration: number, { conditions, noise }: { conditions: Float32Array; noise: Float32Array }): Float32Array {
    const pixels = conditions.length / 2;
    return Float32Array.from({ length: pixels * this.#channels }, (_, i) => {
      const pixel = Math.floor(i / this.#channels);
      return Math.fround(
        Math.tanh(this.weights[i % WEIGHTS]! * (conditions[2 * pixel]! + 0.5) + (noise[pixel] ?? 0) / 4 + iteration / 100),
      );
    });
  }

  backward(iteration: number, gradient: Float32Array): void {
    this.learn(1e-3 * (iteration + 1), gradient);
  }
}

class FakeDiscriminator extends FakeNetwork {
  steps = 0;

  step(iteration: number, reals: readonly Batch[], fake: Batch) {
    this.steps++;
    for (const { images } of reals) this.learn(1e-3, images);
    this.learn(1e-3 * (iteration + 1), fake.images);
    const gradient = fake.images.map((value, i) => Math.fround(value * this.weights[i % WEIGHTS]!));
    return { gradient, losses: { discriminator: this.weights[0]!, generator: this.weights[1]! } };
  }
}

export const aGenerator = (): GeneratorTrainer => new FakeGenerator(1) as unknown as GeneratorTrainer;

export const aDiscriminator = (site: string): DiscriminatorTrainer =>
  new FakeDiscriminator(site.codePointAt(0)!) as unknown as DiscriminatorTrainer;
