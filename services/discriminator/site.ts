import { createHash } from 'node:crypto';
import type { Dataset } from '#datasets';
import { Segmenter, segmenterSpecSchema } from '#evaluator';
import { type Experiment, experimentDigest } from '#experiment';
import { type CheckpointStore, type Native, Random } from '#nn';
import {
  type Control,
  type ControlReply,
  FEEDBACK_CODECS,
  type Feedback,
  type Hello,
  IMAGE_CODECS,
  type SiteChannel,
  type Work,
} from '#wire';
import { NoTestImagesError, UnknownConditionError, WrongShapeError } from './errors.ts';
import { RealImages } from './real-images.ts';
import type { Batch, DiscriminatorTrainer } from './trainer.ts';

export interface SiteOptions {
  readonly name: string;
  readonly experiment: Experiment;
  readonly native: Native;
  readonly trainer: DiscriminatorTrainer;
  readonly train: Dataset;
  /** Null: the site trains but is not scored. */
  readonly test: Dataset | null;
  readonly store: CheckpointStore;
  /** Iterations that may be resumed from. */
  readonly snapshots: readonly number[];
  /** Images in a batch. */
  readonly batchSize: number;
  /** More channels for the conditions of given label maps (the pooled discriminator is told each image's site). */
  readonly extraConditions?: (keys: readonly string[], batch: Batch) => Float32Array;
}

/** A hospital's side of a run: answers the hub's fakes with gradients, from a discriminator and real images that never leave. */
export class Site {
  readonly #options: SiteOptions;
  /** The opaque names of the training images' label maps, in order. */
  readonly keys: readonly string[];
  readonly #real: RealImages;

  constructor(options: SiteOptions) {
    const { name, experiment, train } = options;
    const { training, wire } = experiment.spec;
    this.#options = options;
    this.keys = Array.from({ length: train.count }, (_, i) => opaqueKey(name, training.seed, i));
    this.#real = new RealImages(train, this.keys, training.cropSize, training.seed, wire.images);
  }

  /** Joins the run: says hello, restores what the hub says, shares the label maps. */
  async join(channel: SiteChannel, signal: AbortSignal): Promise<void> {
    const { experiment, store, trainer } = this.#options;
    channel.serve({ work: (work) => this.#work(work), control: (message) => this.#control(message) });
    const welcome = await channel.join(this.#hello(), signal);
    if (welcome.restore !== null) trainer.restore((await store.load(welcome.restore, experimentDigest(experiment))).state);
    await channel.sendConditions({ size: experiment.spec.model.image.size, maps: await this.#labelMaps() }, signal);
  }

  #hello(): Hello {
    const { name, experiment, train, test, snapshots } = this.#options;
    const { image, labels } = train;
    return {
      site: name,
      manifest: {
        count: train.count,
        size: image.size,
        channels: image.channels,
        classes: labels.classes,
        labels: labels.kind,
        testCount: test?.count ?? 0,
      },
      codecs: { images: IMAGE_CODECS, feedback: FEEDBACK_CODECS },
      policyDigest: createHash('sha256')
        .update(JSON.stringify({ masks: 'Shared' }))
        .digest('hex'),
      snapshots,
      hubEpoch: 0,
      experimentDigest: experimentDigest(experiment),
    };
  }

  async #work({ iteration, generatorVersion, conditions, fakes, snapshot }: Work): Promise<Feedback> {
    const { experiment, trainer, batchSize } = this.#options;
    const { cropSize, discriminatorSteps, losses } = experiment.spec.training;
    const shape = [batchSize, cropSize, cropSize, experiment.spec.model.image.channels];
    if (fakes.shape.join() !== shape.join()) throw new WrongShapeError(this.#options.name, fakes.shape, shape);
    const started = performance.now();
    const places = conditions.length === batchSize ? await this.#real.at(conditions) : null;
    if (!places) throw new UnknownConditionError(this.#options.name);
    const reals: Batch[] = [];
    for (let step = 0; step < discriminatorSteps; step++) reals.push(await this.#drawReal(iteration, step));
    const fake = this.#extend(
      conditions.map(({ key }) => key),
      { ...places, images: fakes.data },
    );
    const isPaired = losses.l1 > 0 || losses.perceptual > 0;
    const result = trainer.step(iteration, reals, fake, isPaired ? places.images : null);
    if (snapshot) await this.#snapshot(iteration + 1);
    return {
      iteration,
      generatorVersion,
      gradient: { shape, data: result.gradient },
      losses: result.losses,
      seconds: (performance.now() - started) / 1000,
      snapshotTaken: snapshot,
    };
  }

  async #control(message: Control): Promise<ControlReply> {
    switch (message.kind) {
      case 'snapshot':
        await this.#snapshot(message.iteration);
        return { kind: 'snapshot', iteration: message.iteration };
      case 'restore':
        this.#options.trainer.restore(
          (await this.#options.store.load(message.iteration, experimentDigest(this.#options.experiment))).state,
        );
        return { kind: 'restore', iteration: message.iteration };
      case 'evaluate':
        return { kind: 'evaluate', scores: await this.#evaluate(message) };
      case 'stop':
        return { kind: 'stop' };
    }
  }

  /** Scores the hub's segmenter on this site's own test images; only numbers go back. */
  async #evaluate({ segmenter, weights }: Extract<Control, { kind: 'evaluate' }>) {
    const { native, test, name } = this.#options;
    if (!test) throw new NoTestImagesError(name);
    const trained = new Segmenter(native, segmenterSpecSchema.parse(segmenter), new Map(weights.map((tensor) => [tensor.name, tensor])));
    try {
      return { images: test.count, ...(await trained.score(test)) };
    } finally {
      trained.close();
    }
  }

  async #snapshot(iteration: number): Promise<void> {
    const { name, experiment, store, trainer } = this.#options;
    const { seed } = experiment.spec.training;
    await store.save({ party: name, iteration, experimentDigest: experimentDigest(experiment), seed, state: trainer.state() });
  }

  async #labelMaps() {
    return Promise.all(this.keys.map(async (key, i) => ({ key, classes: (await this.#options.train.read(i)).classes })));
  }

  async #drawReal(iteration: number, step: number): Promise<Batch> {
    const { keys, batch } = await this.#real.draw(this.#options.batchSize, iteration, step);
    return this.#extend(keys, batch);
  }

  #extend(keys: readonly string[], batch: Batch): Batch {
    const { extraConditions } = this.#options;
    return extraConditions ? { ...batch, conditions: extraConditions(keys, batch) } : batch;
  }
}

/** Names a label map on the wire: says nothing of the file, and is the same in a run that is resumed. */
const opaqueKey = (site: string, seed: number, index: number): string => {
  const random = new Random(seed, 'key', site, index);
  return Array.from({ length: 4 }, () => random.bits().toString(16).padStart(8, '0')).join('');
};
