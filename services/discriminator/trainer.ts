import type { ModelSpec, TrainingSpec } from '#experiment';
import { Adam, decayedRate, Graph, gradients, type Native, Parameters, Session, type State, type Tensor } from '#nn';
import { judge, sharded } from './network.ts';
import { type BatchTensors, discriminatorObjective, generatorObjective, RunningStatistics } from './objective.ts';

/** n images with their label maps, row-major. */
export interface Batch {
  /** [n, h, w, c] in [-1, 1] */
  readonly images: Float32Array;
  /** [n, h, w, k] in {0, 1} */
  readonly conditions: Float32Array;
  /** [n, h, w] class of each pixel */
  readonly classes: Uint8Array;
}

export interface DiscriminatorTrainerSpec {
  readonly model: ModelSpec;
  readonly training: TrainingSpec;
  /** Images in a batch, and channels of their conditions. */
  readonly batchSize: number;
  readonly conditionChannels: number;
  /** Of the first weights. */
  readonly seed: number;
  /** Slices of a batch that are judged side by side; default 1. */
  readonly shards?: number;
  /** VGG16's weights, where the experiment has the perceptual term. */
  readonly perceptualWeights: State | null;
}

export interface Step {
  /** d(generator's loss)/d(fake images), [n, h, w, c]: from the discriminator as it is after its own update. */
  readonly gradient: Float32Array;
  readonly losses: { readonly discriminator: number; readonly generator: number };
}

/** A site's discriminator and its optimiser. Every call blocks the thread. */
export class DiscriminatorTrainer {
  readonly #spec: DiscriminatorTrainerSpec;
  readonly #session: Session;
  readonly #adam: Adam;
  readonly parameterCount: number;

  constructor(native: Native, spec: DiscriminatorTrainerSpec) {
    this.#spec = spec;
    const graph = new Graph();
    const parameters = new Parameters(graph, 'discriminator', spec.seed);
    const statistics = spec.training.losses.featureMatching > 0 ? new RunningStatistics(graph, parameters) : null;
    this.#adam = new Adam(parameters, spec.training.optimizer);
    const update = (real: BatchTensors, fake: BatchTensors): Tensor => {
      const loss = discriminatorObjective(judge(parameters, spec.model), real, fake, spec.training, statistics);
      this.#adam.minimise(loss);
      return loss;
    };
    graph.run('update', () => ({ discriminator: update(this.#batch(graph, 'real'), this.#batch(graph, 'fake')) }));
    graph.run('step', () => {
      const fake = this.#batch(graph, 'fake');
      const discriminator = update(this.#batch(graph, 'real'), fake);
      const paired = this.#isPaired ? graph.placeholder('paired', fake.images.shape) : null;
      const generator = generatorObjective(
        sharded(judge(parameters, spec.model), spec.shards ?? 1),
        fake,
        paired,
        spec.training,
        statistics,
        spec.perceptualWeights,
      );
      const [gradient] = gradients([generator], [graph.scalar(1)], [fake.images]);
      return { discriminator, generator, gradient: gradient! };
    });
    this.#session = new Session(native, graph);
    this.parameterCount = parameters.count;
  }

  /**
   * One iteration at the site: a discriminator step for each of `reals`, then what the generator should change about the fakes.
   * iteration: 0, 1, ...; paired: the real images that the fakes' conditions come from, [n, h, w, c] (only with paired losses).
   */
  step(iteration: number, reals: readonly Batch[], fake: Batch, paired: Float32Array | null): Step {
    const last = reals.length - 1;
    reals.forEach((real, i) => {
      if (i < last)
        this.#session.run('update', { ...this.#feeds('real', real), ...this.#feeds('fake', fake), ...this.#optimizer(iteration, i) }, []);
    });
    const feeds = {
      ...this.#feeds('real', reals[last]!),
      ...this.#feeds('fake', fake),
      ...this.#optimizer(iteration, last),
      ...(paired && { paired }),
    };
    const { gradient, discriminator, generator } = this.#session.run('step', feeds, ['gradient', 'discriminator', 'generator']);
    return { gradient, losses: { discriminator: discriminator[0]!, generator: generator[0]! } };
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

  get #isPaired(): boolean {
    const { l1, perceptual } = this.#spec.training.losses;
    return l1 > 0 || perceptual > 0;
  }

  get #namesPixels(): boolean {
    return this.#spec.training.losses.adversarial === 'CrossEntropy';
  }

  #batch(graph: Graph, name: string): BatchTensors {
    const { model, training, batchSize, conditionChannels } = this.#spec;
    const pixels = [batchSize, training.cropSize, training.cropSize];
    const classes = model.labels.classes + 1;
    return {
      conditions: graph.placeholder(`${name}/conditions`, [...pixels, conditionChannels]),
      images: graph.placeholder(`${name}/images`, [...pixels, model.image.channels]),
      classes: this.#namesPixels ? graph.placeholder(`${name}/classes`, [...pixels, classes]) : null,
      classWeights: this.#namesPixels ? graph.placeholder(`${name}/class-weights`, [classes]) : null,
    };
  }

  #feeds(name: string, batch: Batch): Record<string, Float32Array> {
    const feeds = { [`${name}/conditions`]: batch.conditions, [`${name}/images`]: batch.images };
    if (!this.#namesPixels) return feeds;
    const { classes } = this.#spec.model.labels;
    return {
      ...feeds,
      [`${name}/classes`]: oneHot(batch.classes, classes + 1),
      [`${name}/class-weights`]: classWeights(batch.classes, classes),
    };
  }

  #optimizer(iteration: number, step: number): Record<string, Float32Array> {
    const { discriminatorSteps, iterations, optimizer } = this.#spec.training;
    const rate = decayedRate(optimizer.discriminatorLearningRate ?? optimizer.learningRate, iteration, iterations, optimizer.decayFrom);
    return this.#adam.feeds(iteration * discriminatorSteps + step + 1, rate);
  }
}

function oneHot(classes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(classes.length * count);
  classes.forEach((label, i) => {
    out[i * count + label] = 1;
  });
  return out;
}

/** Rare classes count more: pixels / (classes * pixels of the class), at most 8, a class counted as at least 50 pixels; 1 for 'fake'. */
function classWeights(classes: Uint8Array, count: number): Float32Array {
  const pixels = new Float32Array(count);
  for (const label of classes) pixels[label]! += 1;
  return Float32Array.from([...pixels].map((of) => Math.min(8, classes.length / (count * Math.max(of, 50)))).concat(1));
}
