import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classesOf, formula, oneHot, openReference, type Reference, start } from '../../../test/references/nn/reference.ts';
import { gradients } from '../gradients.ts';
import { Graph, type Tensor } from '../graph.ts';
import { type LayerSettings, Scope } from '../layers.ts';
import { crossEntropy, discriminatorLoss, generatorLoss, r1Penalty } from '../losses.ts';
import { broadcastTo, sum } from '../ops/broadcast.ts';
import { nativeForTests } from '../ops/gradient-check.ts';
import { add, mean, sqrt, square, sub } from '../ops/math.ts';
import { slice } from '../ops/shape.ts';
import { Parameters } from '../parameters.ts';
import { type Arrays, Session } from '../session.ts';
import { type DiscriminatorSpec, patchDiscriminator } from './patch-discriminator.ts';
import { type ResnetGeneratorSpec, resnetGenerator } from './resnet-generator.ts';
import { segmentationDiscriminator } from './segmentation-discriminator.ts';
import { unet } from './unet.ts';

const native = nativeForTests();
const HE: LayerSettings = { initializer: 'HeNormal' };

/** One run of one network, from the first values that make.py computes as well. */
class Subject {
  readonly graph = new Graph();
  readonly parameters: Parameters;

  constructor(name: string) {
    this.parameters = new Parameters(this.graph, name, 1);
  }

  /** The gradients of the loss with respect to the weights of those names. */
  slopes(loss: Tensor, prefix: string, names = this.parameters.trainable.map(({ name }) => name)): Record<string, Tensor> {
    const weights = names.map((name) => this.graph.read(this.graph.variables.get(name)!));
    const slopes = gradients([loss], [this.graph.scalar(1)], weights);
    return Object.fromEntries(names.map((name, i) => [`${prefix}/${name}`, slopes[i]!]));
  }

  /** Runs 'run' once; its fetches are named as in the reference. Gives the state afterwards. */
  compare(reference: Reference, feeds: Arrays) {
    const session = new Session(native, this.graph);
    start(session);
    const names = [...this.graph.runs[0]!.fetches.keys()];
    const results = session.run('run', feeds, names);
    for (const name of names) reference.expect(name, results[name]!);
    const state = session.state();
    session.close();
    return state;
  }
}

test('resnet generator - the image and the gradients are those of PyTorch, as in the paper and with style, noise, mask skip and nearest upsampling', async (t) => {
  const reference = await openReference('generators');
  const shape = [2, 16, 12];
  for (const name of ['paper', 'styled']) {
    await t.test(name, () => {
      const styled = name === 'styled';
      const upsampling = styled ? 'Nearest' : 'Transposed';
      const [conditionShape, imageShape, styleShape] = [
        [...shape, styled ? 4 : 3],
        [...shape, 3],
        [2, 5],
      ];
      const spec: ResnetGeneratorSpec = { filters: 2, blocks: 2, channels: 3, upsampling, maskSkip: styled };
      const subject = new Subject(name);
      const { graph } = subject;
      graph.run('run', () => {
        const conditions = graph.placeholder('conditions', conditionShape);
        const style = styled ? graph.placeholder('style', styleShape) : null;
        const image = resnetGenerator(new Scope(subject.parameters, HE), conditions, style, spec);
        const weights = subject.parameters.trainable.map((weight) => graph.read(weight));
        const inputs = style ? [conditions, style] : [conditions];
        const slopes = gradients([image], [graph.placeholder('gradient', imageShape)], [...inputs, ...weights]);
        const names = ['conditions', 'style'].slice(0, inputs.length).map((input) => `${name}/${input}`);
        const keys = [...names, ...subject.parameters.trainable.map((weight) => weight.name)];
        return { [`${name}/image`]: image, ...Object.fromEntries(keys.map((key, i) => [`gradient/${key}`, slopes[i]!])) };
      });
      assert.equal(reference.under(`gradient/${name}/`).size, subject.parameters.trainable.length + (styled ? 2 : 1));
      subject.compare(reference, {
        conditions: formula(`${name}/conditions`, conditionShape),
        style: formula(`${name}/style`, styleShape),
        gradient: formula(`${name}/gradient`, imageShape),
      });
    });
  }
});

/** [name in the reference, norm, spectral norm] */
const discriminators: readonly [string, DiscriminatorSpec['norm'], boolean][] = [
  ['plain', 'None', false],
  ['instance', 'Instance', false],
  ['spectral', 'None', true],
  ['both', 'Instance', true],
];

for (const [name, norm, spectralNorm] of discriminators) {
  const judged = (subject: Subject) => {
    const conditions = subject.graph.placeholder('conditions', [4, 32, 24, 2]);
    const images = subject.graph.placeholder('images', [4, 32, 24, 3]);
    const scope = new Scope(subject.parameters, { ...HE, spectralNorm });
    return { images, logits: patchDiscriminator(scope, conditions, images, { filters: 2, layers: 3, norm }).logits };
  };
  const feeds = { conditions: formula(`${name}/conditions`, [4, 32, 24, 2]), images: formula(`${name}/images`, [4, 32, 24, 3]) };

  test(`patch discriminator, ${name} - logits, loss and gradients are those of PyTorch, and so is the power iteration`, async () => {
    const reference = await openReference('patch-discriminators');
    const subject = new Subject(name);
    subject.graph.run('run', () => {
      const { images, logits } = judged(subject);
      const half = (from: number) => slice(logits, [from, 0, 0, 0], [2, ...logits.shape.slice(1)]);
      const loss = discriminatorLoss('BCE', half(0), half(2));
      const [slope] = gradients([generatorLoss('BCE', half(2))], [loss.graph.scalar(1)], [images]);
      const byFakes = slice(slope!, [2, 0, 0, 0], [2, 32, 24, 3]);
      return {
        [`${name}/logits`]: logits,
        [`${name}/loss`]: loss,
        [`gradient/${name}/images`]: byFakes,
        ...subject.slopes(loss, 'gradient'),
      };
    });
    const after = subject.compare(reference, feeds);
    const vectors = reference.under('after/');
    const changed = [...vectors.keys()].filter((key) => key.startsWith(`${name}/`));
    assert.equal(changed.length, spectralNorm ? 5 : 0);
    for (const key of changed) reference.expect(`after/${key}`, after.get(key)!.data);
  });

  test(`patch discriminator, ${name} - second order: the gradients of R1 and WGAN-GP by the weights are those of PyTorch`, async () => {
    const reference = await openReference('patch-discriminators');
    for (const label of ['r1', 'wgan-gp']) {
      const subject = new Subject(name);
      const names = [...reference.under(`${label}/`).keys()].filter((key) => key.startsWith(`${name}/`));
      assert.ok(names.length >= 5);
      subject.graph.run('run', () => {
        const { images, logits } = judged(subject);
        const [slope] = gradients([sum(logits)], [subject.graph.scalar(1)], [images]);
        const penalty =
          label === 'r1' ? r1Penalty(slope!) : mean(square(sub(sqrt(sum(square(slope!), [1, 2, 3])), subject.graph.scalar(1))));
        return { [`${name}/${label}`]: penalty, ...subject.slopes(penalty, label, names) };
      });
      subject.compare(reference, feeds);
    }
  });
}

test('segmentation discriminator - logits, weighted cross-entropy and gradients are those of PyTorch', async () => {
  const reference = await openReference('segmentation-discriminator');
  const subject = new Subject('segmentation');
  const { graph, parameters } = subject;
  graph.run('run', () => {
    const images = graph.placeholder('images', [4, 16, 12, 3]);
    const { logits } = segmentationDiscriminator(new Scope(parameters, { ...HE, spectralNorm: true }), images, {
      filters: 2,
      layers: 2,
      classes: 3,
    });
    const half = (from: number) => slice(logits, [from, 0, 0, 0], [2, 16, 12, 4]);
    const fakes = broadcastTo(graph.constant([0, 0, 0, 1]), [2, 16, 12, 4]);
    const real = crossEntropy(half(0), graph.placeholder('truth', [2, 16, 12, 4]), graph.constant([0.5, 2, 8, 1]));
    const loss = add(real, crossEntropy(half(2), fakes, null));
    const [slope] = gradients([loss], [graph.scalar(1)], [images]);
    return { logits, loss, 'gradient/images': slope!, ...subject.slopes(loss, 'gradient') };
  });
  assert.equal(reference.under('gradient/segmentation/').size, parameters.trainable.length);
  subject.compare(reference, {
    images: formula('segmentation/images', [4, 16, 12, 3]),
    truth: oneHot(classesOf('segmentation/classes', [2, 16, 12], 3), 4),
  });
});

test('unet - training, running statistics and evaluation are those of PyTorch with BatchNorm2d', async () => {
  const reference = await openReference('unet');
  const subject = new Subject('unet');
  const { graph, parameters } = subject;
  const spec = { filters: 2, classes: 3 };
  graph.run('train', () => {
    const logits = unet(new Scope(parameters, HE), graph.placeholder('images', [2, 16, 24, 1]), { ...spec, training: true });
    const loss = crossEntropy(logits, graph.placeholder('truth', [2, 16, 24, 3]), null);
    return { 'train/logits': logits, 'train/loss': loss, ...subject.slopes(loss, 'gradient') };
  });
  graph.run('evaluate', () => ({
    logits: unet(new Scope(parameters, HE), graph.placeholder('images', [2, 16, 24, 1]), { ...spec, training: false }),
  }));
  const session = new Session(native, graph);
  start(session);
  const truth = oneHot(classesOf('unet/classes', [2, 16, 24], 3), 3);
  const images = [0, 1].map((i) => formula(`unet/images${i}`, [2, 16, 24, 1]));
  const names = [...graph.runs[0]!.fetches.keys()];
  const results = session.run('train', { images: images[0]!, truth }, names);
  assert.equal(reference.under('gradient/').size, parameters.trainable.length);
  for (const name of names) reference.expect(name, results[name]!);
  session.run('train', { images: images[1]!, truth }, []);
  const statistics = [...reference.under('after/').keys()];
  assert.equal(statistics.length, 2 * 14);
  for (const name of statistics) reference.expect(`after/${name}`, session.state().get(name)!.data);
  reference.expect('eval/logits', session.run('evaluate', { images: images[0]! }, ['logits']).logits);
  session.close();
});

/** Builds the network and counts. */
function parameterCount(build: (net: Scope, graph: Graph) => unknown): number {
  const { graph, parameters } = new Subject('network');
  graph.run('run', () => {
    build(new Scope(parameters, HE), graph);
    return {};
  });
  return parameters.count;
}

/** Of a convolution, with its bias or with the gain and bias of its norm. */
const layer = (kernel: number, from: number, to: number, extra: 'Bias' | 'Norm' | 'None'): number =>
  kernel ** 2 * from * to + { Bias: to, Norm: 2 * to, None: 0 }[extra];

test("parameter counts - the paper's generator has 11.383 M: 64 filters, 9 blocks, 3 to 3 channels", () => {
  const block = 2 * layer(3, 256, 256, 'Norm');
  const expected =
    layer(7, 3, 64, 'Norm') +
    layer(3, 64, 128, 'Norm') +
    layer(3, 128, 256, 'Norm') +
    9 * block +
    layer(3, 256, 128, 'Norm') +
    layer(3, 128, 64, 'Norm') +
    layer(7, 64, 3, 'Bias');
  assert.equal(expected, 11_383_427);
  const count = parameterCount((net, graph) => {
    resnetGenerator(net, graph.placeholder('c', [1, 16, 16, 3]), null, {
      filters: 64,
      blocks: 9,
      channels: 3,
      upsampling: 'Transposed',
      maskSkip: false,
    });
  });
  assert.equal(count, expected);
});

test("parameter counts - the paper's discriminator has 2.769 M: 64 filters, 3 layers, 6 channels", () => {
  const expected =
    layer(4, 6, 64, 'Bias') +
    layer(4, 64, 128, 'Norm') +
    layer(4, 128, 256, 'Norm') +
    layer(4, 256, 512, 'Norm') +
    layer(4, 512, 1, 'Bias');
  assert.equal(expected, 2_768_705);
  const count = parameterCount((net, graph) => {
    patchDiscriminator(net, graph.placeholder('c', [1, 32, 32, 3]), graph.placeholder('x', [1, 32, 32, 3]), {
      filters: 64,
      layers: 3,
      norm: 'Instance',
    });
  });
  assert.equal(count, expected);
});

test('parameter counts - the U-Net with 16 filters has 0.49 M', () => {
  const double = (from: number, to: number) => layer(3, from, to, 'Norm') + layer(3, to, to, 'Norm');
  const expected =
    double(3, 16) +
    double(16, 32) +
    double(32, 64) +
    double(64, 128) +
    double(192, 64) +
    double(96, 32) +
    double(48, 16) +
    layer(1, 16, 3, 'Bias');
  assert.equal(Math.round(expected / 1e4), 49);
  assert.equal(
    parameterCount((net, graph) => unet(net, graph.placeholder('x', [1, 16, 16, 3]), { filters: 16, classes: 3, training: true })),
    expected,
  );
});

test('resnet generator - its last layer starts small, the others as the network says', () => {
  const { graph, parameters } = new Subject('initial');
  graph.run('run', () => {
    const conditions = graph.placeholder('c', [1, 16, 16, 3]);
    resnetGenerator(new Scope(parameters, HE), conditions, null, {
      filters: 32,
      blocks: 1,
      channels: 3,
      upsampling: 'Nearest',
      maskSkip: false,
    });
    return {};
  });
  const deviation = (name: string) => {
    const { initial } = graph.variables.get(`initial/${name}/weight`)!;
    return Math.hypot(...initial) / Math.sqrt(initial.length);
  };
  assert.ok(Math.abs(deviation('image') / 0.02 - 1) < 0.05);
  assert.ok(Math.abs(deviation('down1') / Math.sqrt(2 / (1.04 * 9 * 32)) - 1) < 0.05);
});

test('patch discriminator - a logit sees 70 x 70 pixels with three layers', () => {
  const { graph, parameters } = new Subject('sight');
  graph.run('run', () => {
    const images = graph.placeholder('images', [1, 128, 128, 1]);
    const { logits } = patchDiscriminator(
      new Scope(parameters, HE),
      graph.constant(new Float32Array(128 * 128), [1, 128, 128, 1]),
      images,
      { filters: 1, layers: 3, norm: 'None' },
    );
    const [slope] = gradients([slice(logits, [0, 6, 6, 0], [1, 1, 1, 1])], [graph.constant([1], [1, 1, 1, 1])], [images]);
    return { logits, slope: slope! };
  });
  const session = new Session(native, graph);
  const { logits, slope } = session.run('run', { images: formula('sight', [1, 128, 128, 1]) }, ['logits', 'slope']);
  session.close();
  assert.equal(logits.length, 14 * 14);
  const rows = new Set([...slope.keys()].filter((i) => slope[i] !== 0).map((i) => Math.floor(i / 128)));
  assert.equal(rows.size, 70);
});
