import { createHash } from 'node:crypto';
import type { Dataset } from '#datasets';
import { Segmenter, segmenterSpecSchema } from '#evaluator';
import { type Experiment, experimentDigest } from '#experiment';
import { type CheckpointDamagedError, type CheckpointStore, type Native, Random } from '#nn';
import { NO_TRACING, type Tracing } from '#telemetry';
import {
  type Control,
  type ControlReply,
  FEEDBACK_CODECS,
  type Feedback,
  type Hello,
  IMAGE_CODECS,
  readEpoch,
  type SiteChannel,
  type Work,
  writeEpoch,
} from '#wire';
import { Attendance, type Departure } from './attendance.ts';
import { LeavingError, NoTestImagesError, NotRestoredError, OutOfStepError, UnknownConditionError, WrongShapeError } from './errors.ts';
import { RealImages } from './real-images.ts';
import { Snapshots } from './snapshots.ts';
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
  /** Told of a damaged snapshot that is passed over. */
  readonly onDamaged: (error: CheckpointDamagedError) => void;
  /** Default 2. */
  readonly heartbeatSeconds?: number;
  /** Images in a batch. */
  readonly batchSize: number;
  /** Spans of the site's work. Default: none. */
  readonly tracing?: Tracing;
  /** More channels for the conditions of given label maps (the pooled discriminator is told each image's site). */
  readonly extraConditions?: (keys: readonly string[], batch: Batch) => Float32Array;
}

/** A hospital's side of a run: answers the hub's fakes with gradients, from a discriminator and real images that never leave. */
export class Site {
  readonly #options: SiteOptions;
  /** The opaque names of the training images' label maps, in order. */
  readonly keys: readonly string[];
  readonly #real: RealImages;
  readonly #snapshots: Snapshots;
  /** Iterations that the state comes after. */
  #done = 0;
  /** The hub has said since the last hello which state it is to be. */
  #restored = false;
  /** The end of what the site is at work on. */
  #turn: Promise<unknown> = Promise.resolve();
  #stop = new AbortController();
  #leaving = false;

  constructor(options: SiteOptions) {
    const { name, experiment, train, store } = options;
    const { training, wire } = experiment.spec;
    this.#options = options;
    this.keys = Array.from({ length: train.count }, (_, i) => opaqueKey(name, training.seed, i));
    this.#real = new RealImages(train, this.keys, training.cropSize, training.seed, wire.images);
    this.#snapshots = new Snapshots(name, experiment, store);
  }

  /**
   * Takes part in the run until the hub says stop or `signal` aborts; then the site keeps its state, says that it leaves and gives 'left'.
   * Through losses of the hub it keeps its state in memory and joins again. Throws HubLostError after spec.membership.hubTimeoutSeconds
   * without the hub, the state kept, and WireClosedError when the channel is closed here. When it settles, nothing is computed or written any more.
   */
  async run(channel: SiteChannel, signal: AbortSignal): Promise<Departure> {
    const { name, experiment, store, heartbeatSeconds = 2 } = this.#options;
    this.#stop = new AbortController();
    this.#leaving = false;
    channel.serve({
      work: (work) => this.#inTurn(() => this.#work(work)),
      control: (message) => this.#inTurn(() => this.#control(message)),
    });
    const attendant = {
      name,
      hello: () => this.#inTurn(() => this.#hello()),
      welcomed: ({ hubEpoch }: { hubEpoch: number }) => writeEpoch(store.directory, hubEpoch),
      conditions: async () => ({ size: experiment.spec.model.image.size, maps: await this.#labelMaps() }),
      keep: () => this.#inTurn(() => this.#keepOwn()),
    };
    const { hubTimeoutSeconds } = experiment.spec.membership;
    const attendance = new Attendance(attendant, channel, { heartbeatSeconds, hubTimeoutSeconds }, () => performance.now());
    try {
      return await attendance.run(this.#stop.signal, signal);
    } finally {
      await this.#turn;
    }
  }

  async #hello(): Promise<Hello> {
    const { name, experiment, train, test, store, onDamaged } = this.#options;
    const { image, labels } = train;
    this.#restored = false;
    const held = await this.#snapshots.held(onDamaged);
    const isFresh = held.length === 0 && this.#done === 0;
    if (isFresh) await this.#keepCut(0);
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
      policyDigest: policyDigest(experiment, name),
      snapshots: isFresh ? [0] : held,
      hubEpoch: await readEpoch(store.directory),
      experimentDigest: experimentDigest(experiment),
    };
  }

  async #work({ iteration, generatorVersion, conditions, fakes, snapshot }: Work): Promise<Feedback> {
    const { name, experiment, trainer, batchSize, tracing = NO_TRACING } = this.#options;
    if (this.#leaving) throw new LeavingError(name);
    if (!this.#restored) throw new NotRestoredError(name);
    if (iteration < this.#done) throw new OutOfStepError(name, iteration, this.#done);
    const { cropSize, discriminatorSteps, losses } = experiment.spec.training;
    const shape = [batchSize, cropSize, cropSize, experiment.spec.model.image.channels];
    if (fakes.shape.join() !== shape.join()) throw new WrongShapeError(name, fakes.shape, shape);
    const started = performance.now();
    const { reals, fake, own } = await tracing.phase('real', async () => {
      const places = conditions.length === batchSize ? await this.#real.at(conditions) : null;
      if (!places) throw new UnknownConditionError(name);
      const keys = conditions.map(({ key }) => key);
      const reals: Batch[] = [];
      for (let step = 0; step < discriminatorSteps; step++) reals.push(await this.#drawReal(iteration, step));
      return { reals, fake: this.#extend(keys, { ...places, images: fakes.data }), own: places.images };
    });
    const isPaired = losses.l1 > 0 || losses.perceptual > 0;
    const result = tracing.phase('discriminator', () => trainer.step(iteration, reals, fake, isPaired ? own : null));
    this.#done = iteration + 1;
    if (snapshot) await this.#keepCut(this.#done);
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
        if (!this.#restored) throw new NotRestoredError(this.#options.name);
        if (message.iteration !== this.#done) throw new OutOfStepError(this.#options.name, message.iteration, this.#done);
        await this.#keepCut(message.iteration);
        return { kind: 'snapshot', iteration: message.iteration };
      case 'restore':
        await this.#restore(message.iteration);
        return { kind: 'restore', iteration: message.iteration };
      case 'evaluate':
        return { kind: 'evaluate', scores: await this.#evaluate(message) };
      case 'stop':
        this.#stop.abort(message.reason);
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

  async #keepCut(iteration: number): Promise<void> {
    await this.#snapshots.keepCut(iteration, this.#options.trainer.state());
  }

  async #keepOwn(): Promise<void> {
    this.#leaving = true;
    if (this.#done > 0) await this.#snapshots.keepOwn(this.#done, this.#options.trainer.state());
  }

  async #restore(iteration: number): Promise<void> {
    this.#options.trainer.restore(await this.#snapshots.load(iteration));
    this.#done = iteration;
    this.#restored = true;
    await this.#snapshots.discardAfter(iteration);
  }

  /** Runs `act` when all that was begun before is done: a snapshot is never taken in the middle of a step. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    return turn;
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

/** Tells the hub that a site's rules of what may leave it have changed since its last hello. */
const policyDigest = ({ spec }: Experiment, name: string): string => {
  const { masks } = spec.sites.find((site) => site.name === name)!;
  return createHash('sha256').update(JSON.stringify({ masks })).digest('hex');
};

/** Names a label map on the wire: says nothing of the file, and is the same in a run that is resumed. */
const opaqueKey = (site: string, seed: number, index: number): string => {
  const random = new Random(seed, 'key', site, index);
  return Array.from({ length: 4 }, () => random.bits().toString(16).padStart(8, '0')).join('');
};
