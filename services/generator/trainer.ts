import { conditionChannels } from '#datasets';
import type { ModelSpec, TrainingSpec } from '#experiment';
import {
  Adam,
  add,
  concat,
  decayedRate,
  Graph,
  gradients,
  inShards,
  type LayerSettings,
  type Native,
  Parameters,
  resnetGenerator,
  Scope,
  Session,
  type State,
  type Tensor,
  updateAverages,
} from '#nn';

/** What a batch of n images is drawn from, row-major. */
export interface GeneratorInput {
  /** [n, h, w, k] in {0, 1} */
  readonly conditions: Float32Array;
  /** [n, h, w, noiseChannels], standard normal; empty without noise */
  readonly noise: Float32Array;
  /** [n, styleLength]: site code, then latent numbers; empty without both */
  readonly style: Float32Array;
}

export interface GeneratorTrainerSpec {
  readonly model: ModelSpec;
  readonly training: TrainingSpec;
  /** Images of a training batch: those of all sites together. */
  readonly batchSize: number;
  /** Slices of a batch that are computed side by side; default 1. */
  readonly shards?: number;
}

/** Length of the style vector of the model; 0 where the generator sees the label map only. */
export const styleLength = ({ generator }: ModelSpec): number =>
  (generator.siteStyle ? generator.siteCapacity : 0) + generator.latentChannels;

/** Images made in one call of `synthesize`. */
export const SYNTHESIS_BATCH = 8;

/** The central generator, its optimiser and its moving average. Every call blocks the thread. */
export class GeneratorTrainer {
  readonly #spec: GeneratorTrainerSpec;
  readonly #session: Session;
  readonly #adam: Adam;
  readonly parameterCount: number;

  constructor(native: Native, spec: GeneratorTrainerSpec) {
    this.#spec = spec;
    const { model, training, batchSize } = spec;
    const graph = new Graph();
    const parameters = new Parameters(graph, 'generator', training.seed);
    let images: Tensor;
    let weights: Tensor[] = [];
    graph.run('forward', () => {
      images = this.#network(graph, parameters, {
        batch: batchSize,
        size: training.cropSize,
        averaged: false,
        drops: model.generator.dropout > 0,
      });
      weights = parameters.trainable.map((weight) => graph.read(weight));
      return { images };
    });
    this.#adam = new Adam(parameters, training.optimizer);
    graph.run('backward', () => {
      this.#adam.apply(gradients([images], [graph.placeholder('gradient', images.shape)], weights));
      if (this.#averages) updateAverages(graph, parameters);
      return {};
    });
    graph.run('synthesize', () => ({
      images: this.#network(graph, parameters, { batch: SYNTHESIS_BATCH, size: model.image.size, averaged: this.#averages, drops: false }),
    }));
    this.#session = new Session(native, graph);
    this.parameterCount = parameters.count;
  }

  /** Images [n, h, w, c] in (-1, 1) for a training batch; the activations stay on the device for `backward`. */
  forward(iteration: number, input: GeneratorInput): Float32Array {
    return this.#session.run('forward', { ...this.#feeds(input), ...this.#dropoutSeed(iteration) }, ['images']).images;
  }

  /** One Adam step from the weighed feedback on the images of the last `forward`. gradient: [n, h, w, c]. */
  backward(iteration: number, gradient: Float32Array): void {
    const { iterations, optimizer, averaging } = this.#spec.training;
    const rate = decayedRate(optimizer.learningRate, iteration, iterations, optimizer.decayFrom);
    // The average follows the weights closely at first: (t + 1) / (t + 10).
    const decay = Math.min(averaging, (iteration + 1) / (iteration + 10));
    const average = this.#averages ? { 'averaging/rate': Float32Array.of(1 - decay) } : {};
    this.#session.run('backward', { gradient, ...this.#adam.feeds(iteration + 1, rate), ...average }, []);
  }

  /** SYNTHESIS_BATCH whole images [n, size, size, c] of the averaged generator, without dropout. */
  synthesize(input: GeneratorInput): Float32Array {
    return this.#session.run('synthesize', this.#feeds(input), ['images']).images;
  }

  state(): State {
    return this.#session.state();
  }

  restore(state: State): void {
    this.#session.restore(state);
  }

  get liveHandles(): number {
    return this.#session.liveHandles;
  }

  close(): void {
    this.#session.close();
  }

  get #averages(): boolean {
    return this.#spec.training.averaging > 0;
  }

  #network(
    graph: Graph,
    parameters: Parameters,
    { batch, size, averaged, drops }: { batch: number; size: number; averaged: boolean; drops: boolean },
  ): Tensor {
    const { model } = this.#spec;
    const { generator, image } = model;
    const channels = { conditions: conditionChannels(model.labels), noise: generator.noiseChannels };
    const inputs = Object.entries(channels).filter(([, count]) => count > 0);
    const shown = concat(
      inputs.map(([name, count]) => graph.placeholder(name, [batch, size, size, count])),
      3,
    );
    const style = styleLength(model) > 0 ? [graph.placeholder('style', [batch, styleLength(model)])] : [];
    const dropoutSeed = drops ? graph.placeholder('dropout-seed', [2]) : null;
    const settings: LayerSettings = { initializer: model.initializer === 'Normal' ? { deviation: 0.02 } : 'HeNormal', averaged };
    const net = new Scope(parameters, settings);
    const [images] = inShards([shown, ...style], this.#spec.shards ?? 1, ([someShown, someStyle], shard) => [
      resnetGenerator(net, someShown!, someStyle ?? null, {
        filters: generator.filters,
        blocks: generator.blocks,
        channels: image.channels,
        upsampling: generator.upsampling,
        maskSkip: generator.maskSkip,
        ...(dropoutSeed && { dropout: { rate: generator.dropout, seed: add(dropoutSeed, graph.constant([shard, 0])) } }),
      }),
    ]);
    return images!;
  }

  #feeds({ conditions, noise, style }: GeneratorInput): Record<string, Float32Array> {
    return { conditions, noise, style };
  }

  /** Two whole numbers that float32 holds exactly; the network adds the block's number, below 64. */
  #dropoutSeed(iteration: number): Record<string, Float32Array> {
    return { 'dropout-seed': Float32Array.of(this.#spec.training.seed % 2 ** 24, (iteration % 2 ** 18) * 64) };
  }
}
