import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classesOf, formula, oneHot, openReference } from '../../test/references/nn/reference.ts';
import { gradients } from './gradients.ts';
import { Graph, type Tensor } from './graph.ts';
import { channelStatistics, crossEntropy, diceLoss, discriminatorLoss, generatorLoss, l1Loss, r1Penalty } from './losses.ts';
import { checkGradient, nativeForTests } from './ops/gradient-check.ts';
import { Session } from './session.ts';

const native = nativeForTests();

/** What `build` makes of constants, by name. */
function evaluate(build: (graph: Graph) => Record<string, Tensor>): Record<string, Float32Array> {
  const graph = new Graph();
  graph.run('run', () => build(graph));
  const session = new Session(native, graph);
  const results = session.run('run', {}, [...graph.runs[0]!.fetches.keys()]);
  session.close();
  return results;
}

const rounded = (values: Float32Array | undefined) => [...values!].map((value) => Math.round(value * 1e5) / 1e5);

test('losses - BCE, LSGAN, hinge, cross-entropy and L1, and their gradients, are those of PyTorch', async () => {
  const reference = await openReference('losses');
  const shape = [2, 3, 4, 1];
  const results = evaluate((graph) => {
    const one = graph.scalar(1);
    const [real, fake] = ['real', 'fake'].map((name) => graph.constant(formula(`losses/${name}`, shape, 2.5), shape)) as [Tensor, Tensor];
    const patch = (['BCE', 'LSGAN', 'Hinge'] as const).flatMap((kind): [string, Tensor][] => {
      const [discriminator, generator] = [discriminatorLoss(kind, real, fake), generatorLoss(kind, fake)];
      const [byReal, byFake] = gradients([discriminator], [one], [real, fake]);
      const [generatorByFake] = gradients([generator], [one], [fake]);
      return [
        [`${kind}/discriminator`, discriminator],
        [`${kind}/by-real`, byReal!],
        [`${kind}/by-fake`, byFake!],
        [`${kind}/generator`, generator],
        [`${kind}/generator-by-fake`, generatorByFake!],
      ];
    });
    const logits = graph.constant(formula('losses/logits', [2, 3, 4, 5], 3), [2, 3, 4, 5]);
    const targets = graph.constant(oneHot(classesOf('losses/classes', [2, 3, 4], 5), 5), [2, 3, 4, 5]);
    const pixels = [null, [0.25, 1, 8, 2, 0.5]].flatMap((weights): [string, Tensor][] => {
      const loss = crossEntropy(logits, targets, weights && graph.constant(weights));
      const name = `cross-entropy/${weights ? 'weighted' : 'equal'}`;
      return [
        [name, loss],
        [`${name}/by-logits`, gradients([loss], [one], [logits])[0]!],
      ];
    });
    return { ...Object.fromEntries([...patch, ...pixels]), l1: l1Loss(real, fake) };
  });
  assert.deepEqual(Object.keys(results).sort(), [...reference.under('').keys()].sort());
  for (const [key, values] of Object.entries(results)) reference.expect(key, values);
});

test('losses - BCE and cross-entropy stay finite for logits that float32 cannot take the exponential of', () => {
  const results = evaluate((graph) => {
    const huge = graph.constant([500, -500, 500, -500], [1, 2, 2, 1]);
    const pixels = graph.constant([500, -500, -500, 500], [1, 1, 2, 2]);
    const bce = discriminatorLoss('BCE', huge, huge);
    const crossed = crossEntropy(pixels, graph.constant([1, 0, 1, 0], [1, 1, 2, 2]), null);
    const slopes = [gradients([bce], [graph.scalar(1)], [huge])[0]!, gradients([crossed], [graph.scalar(1)], [pixels])[0]!];
    return { bce, crossed, bceSlope: slopes[0]!, crossedSlope: slopes[1]! };
  });
  assert.deepEqual([results.bce![0], results.crossed![0]], [500, 500]);
  assert.deepEqual(rounded(results.bceSlope), [0.25, -0.25, 0.25, -0.25]);
  assert.deepEqual(rounded(results.crossedSlope), [0, 0, -0.5, 0.5]);
});

test('losses - R1 is half the squared norm of the gradient, averaged over samples', () => {
  const { penalty } = evaluate((graph) => ({ penalty: r1Penalty(graph.constant([3, 4, 0, 0, 1, 1, 1, 1], [2, 2, 2, 1])) }));
  assert.deepEqual(rounded(penalty), [(25 + 4) / 2 / 2]);
});

test('losses - channel statistics are the mean and the deviation over samples and pixels', () => {
  const { mean, deviation } = evaluate((graph) => ({ ...channelStatistics(graph.constant([1, 10, 3, 10, 5, 10, 7, 10], [2, 1, 2, 2])) }));
  assert.deepEqual(rounded(mean), [4, 10]);
  assert.deepEqual(rounded(deviation), [2.23607, 1e-4]);
});

test('losses - soft Dice is 0 for a match, near 1 for a miss, and counts an empty image as a match', () => {
  const dice = (probabilities: number[], truth: number[]) =>
    rounded(evaluate((graph) => ({ loss: diceLoss(graph.constant(probabilities), graph.constant(truth)) })).loss)[0];
  assert.equal(dice([1, 1, 0, 0], [1, 1, 0, 0]), 0);
  assert.equal(dice([0, 0, 0, 0], [0, 0, 0, 0]), 0);
  assert.equal(dice([1, 1, 0, 0], [0, 0, 1, 1]), 0.8);
  assert.equal(dice([0.5, 0.5, 0, 0], [1, 1, 0, 0]), 0.25);
});

test('losses - the gradients of Dice and of the channel statistics agree with finite differences', () => {
  checkGradient(native, {
    inputs: [
      [6, 2],
      [6, 2],
    ],
    op: (a, b) => diceLoss(a!, b!),
    values: 'Positive',
  });
  for (const part of ['mean', 'deviation'] as const)
    checkGradient(native, { inputs: [[2, 3, 2, 3]], op: (x) => channelStatistics(x!)[part] });
});
