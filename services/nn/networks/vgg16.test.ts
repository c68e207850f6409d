import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formula, openReference } from '../../../test/references/nn/reference.ts';
import { StateMismatchError } from '../errors.ts';
import { gradients } from '../gradients.ts';
import { Graph, type Tensor } from '../graph.ts';
import { nativeForTests } from '../ops/gradient-check.ts';
import { Session, type State } from '../session.ts';
import { perceptualLoss } from './vgg16.ts';

const native = nativeForTests();

/** [number, width] of the narrow VGG16 in make.py. */
const LAYERS = [
  [0, 2],
  [2, 3],
  [5, 4],
  [7, 4],
  [10, 5],
  [12, 5],
  [14, 6],
  [17, 6],
  [19, 7],
  [21, 7],
] as const;

function narrowWeights(): State {
  let channels = 3;
  return new Map(
    LAYERS.flatMap(([layer, width]) => {
      const shape = [width, channels, 3, 3];
      const weight = { shape, data: formula(`features.${layer}.weight`, shape, Math.sqrt(6 / (9 * channels))) };
      const bias = { shape: [width], data: formula(`features.${layer}.bias`, [width], 0.1) };
      channels = width;
      return [
        [`features.${layer}.weight`, weight],
        [`features.${layer}.bias`, bias],
      ] as const;
    }),
  );
}

function placeholders(graph: Graph, channels: number): [Tensor, Tensor] {
  return [graph.placeholder('a', [2, 16, 24, channels]), graph.placeholder('b', [2, 16, 24, channels])];
}

for (const channels of [1, 3]) {
  test(`perceptual loss, ${channels} channels - the value and the gradient are those of PyTorch`, async () => {
    const reference = await openReference('perceptual');
    const graph = new Graph();
    graph.run('run', () => {
      const [a, b] = placeholders(graph, channels);
      const loss = perceptualLoss(narrowWeights(), a, b);
      return { loss, gradient: gradients([loss], [graph.scalar(1)], [a])[0]! };
    });
    const session = new Session(native, graph);
    const images = Object.fromEntries(['a', 'b'].map((name) => [name, formula(`perceptual/${channels}/${name}`, [2, 16, 24, channels])]));
    const { loss, gradient } = session.run('run', images, ['loss', 'gradient']);
    assert.equal(session.run('run', { a: images.a!, b: images.a! }, ['loss']).loss[0], 0);
    assert.equal(graph.variables.size, 0, 'the weights are in no checkpoint');
    session.close();
    reference.expect(`${channels}/loss`, loss);
    reference.expect(`${channels}/gradient`, gradient);
  });
}

test('perceptual loss - weights of another network are refused by name', () => {
  const refused = (change: (weights: State) => void, why: RegExp) => {
    const weights = narrowWeights();
    change(weights);
    const graph = new Graph();
    graph.run('run', () => {
      assert.throws(
        () => perceptualLoss(weights, ...placeholders(graph, 3)),
        (error: Error) => error instanceof StateMismatchError && why.test(error.message),
      );
      return {};
    });
  };
  refused((weights) => weights.delete('features.10.weight'), /no 'features\.10\.weight'/);
  refused((weights) => weights.delete('features.21.bias'), /no 'features\.21\.bias'/);
  refused(
    (weights) => weights.set('features.5.weight', { shape: [4, 9, 3, 3], data: new Float32Array(4 * 81) }),
    /'features\.5\.weight' .* \[4,9,3,3\], expected \[4,3,3,3\]/,
  );
  refused(
    (weights) => weights.set('features.0.bias', { shape: [1, 2], data: new Float32Array(2) }),
    /'features\.0\.bias' .* expected \[any\]/,
  );
});
