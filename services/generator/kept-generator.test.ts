import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { experimentDigest } from '#experiment';
import { type Checkpoint, configureNative, loadNative } from '#nn';
import { anExperiment, temporaryFolder } from '../../test/a-small-run.ts';
import { someConditions } from './a-site.ts';
import { ConditionLibrary } from './condition-library.ts';
import { LabelMapFileError } from './errors.ts';
import { generatorInput, releaseOrders, type SyntheticImage, synthesize } from './images.ts';
import { openCheckpoint } from './kept-generator.ts';
import { labelMapFile, writeLabelMaps } from './label-map-file.ts';
import { GeneratorTrainer } from './trainer.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const EXPERIMENT = anExperiment();
const { model, training } = EXPERIMENT.spec;
const trainer = new GeneratorTrainer(native, { model, training, batchSize: 4 });
after(() => trainer.close());

const CHECKPOINT: Checkpoint = {
  party: 'hub',
  iteration: 400,
  experimentDigest: experimentDigest(EXPERIMENT),
  seed: training.seed,
  state: new Map([...trainer.state()].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => value + 0.01) }])),
};

async function make(directory: string, experiment = EXPERIMENT): Promise<SyntheticImage[]> {
  const generator = await openCheckpoint({ native }, experiment, CHECKPOINT, directory);
  try {
    return [...generator.release(5)];
  } finally {
    generator.close();
  }
}

test('a release is made of the checkpoint’s weights and the label maps beside it, without a site', async (t) => {
  const directory = join(await temporaryFolder(t), 'hub');
  const library = new ConditionLibrary(model.labels, training.seed);
  for (const site of ['north', 'south']) {
    library.store(site, someConditions(site, 2));
    await writeLabelMaps(labelMapFile(directory, site), someConditions(site, 2));
  }
  trainer.restore(CHECKPOINT.state);
  const code = (site: string) => ['north', 'south'].indexOf(site);
  const expected = synthesize(
    trainer,
    (orders) => generatorInput(model, training.seed, library, code, orders),
    releaseOrders(library, ['north', 'south'], 5),
  );
  assert.deepEqual(await make(directory), [...expected]);
});

test('a checkpoint of another experiment is refused', async (t) => {
  const other = anExperiment({ training: { seed: 6 } });
  await assert.rejects(make(await temporaryFolder(t), other), { code: 'NN_STATE_MISMATCH', message: /another experiment than small/ });
});

test('missing label maps are told by their file', async (t) => {
  const directory = await temporaryFolder(t);
  await writeLabelMaps(labelMapFile(directory, 'north'), someConditions('north', 2));
  await assert.rejects(make(directory), (error) => {
    assert.ok(error instanceof LabelMapFileError);
    assert.ok(error.message.includes(labelMapFile(directory, 'south')));
    return true;
  });
});
