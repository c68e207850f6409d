import * as z from 'zod';
import type { Dataset } from '#datasets';
import { Graph, type Native, Parameters, reshape, Scope, Session, type State, softmax, unet } from '#nn';
import { aggregate, type SegmentationScore, scoreSegmentation } from './metrics/score.ts';

/** What a segmenter looks at and how wide it is: enough to rebuild it around its weights. Comes from the hub, so it is checked. */
export const segmenterSpecSchema = z.strictObject({
  size: z.int().min(16).max(1024).multipleOf(8),
  channels: z.int().min(1).max(4),
  labels: z.strictObject({ kind: z.enum(['Instances', 'Classes']), classes: z.int().min(2).max(32) }),
  filters: z.int().min(4).max(256),
});

export type SegmenterSpec = z.infer<typeof segmenterSpecSchema>;

export const NETWORK = 'segmenter';
const BATCH = 8;

/** A trained U-Net that names the class of each pixel. Predictions block the thread. */
export class Segmenter {
  readonly #spec: SegmenterSpec;
  readonly #session: Session;

  /** Throws StateMismatchError where the weights belong to another network. */
  constructor(native: Native, spec: SegmenterSpec, weights: State) {
    const { size, channels, labels, filters } = spec;
    this.#spec = spec;
    const graph = new Graph();
    const parameters = new Parameters(graph, NETWORK, 0);
    graph.run('predict', () => {
      const images = graph.placeholder('images', [BATCH, size, size, channels]);
      const logits = unet(new Scope(parameters, { initializer: 0 }), images, { filters, classes: labels.classes, training: false });
      return { probabilities: softmax(reshape(logits, [BATCH * size * size, labels.classes])) };
    });
    this.#session = new Session(native, graph);
    this.#session.restore(weights);
  }

  /** Mean score over a data set's images. */
  async score(dataset: Dataset): Promise<SegmentationScore> {
    const { size, labels } = this.#spec;
    const scores: SegmentationScore[] = [];
    for (let start = 0; start < dataset.count; start += BATCH) {
      const samples = await Promise.all(Array.from({ length: Math.min(BATCH, dataset.count - start) }, (_, i) => dataset.read(start + i)));
      const probabilities = this.predict(samples.map(({ image }) => image));
      scores.push(...samples.map((sample, i) => scoreSegmentation(probabilities[i]!, sample, size, size, labels)));
    }
    return aggregate(scores);
  }

  /** At most 8 images [size, size, channels] -> [size, size, classes] each, a softmax for each pixel. */
  predict(images: readonly Uint8Array[]): Float32Array[] {
    const { size, channels, labels } = this.#spec;
    const batch = new Float32Array(BATCH * size * size * channels);
    images.forEach((image, i) => {
      for (let k = 0; k < image.length; k++) batch[i * image.length + k] = image[k]! / 127.5 - 1;
    });
    const { probabilities } = this.#session.run('predict', { images: batch }, ['probabilities']);
    const length = size * size * labels.classes;
    return images.map((_, i) => probabilities.subarray(i * length, (i + 1) * length));
  }

  close(): void {
    this.#session.close();
  }
}
