import { type Experiment, experimentDigest } from '#experiment';
import { type Checkpoint, type Native, StateMismatchError } from '#nn';
import { ConditionLibrary } from './condition-library.ts';
import { generatorInput, releaseOrders, type SyntheticImage, synthesize } from './images.ts';
import { labelMapFile, readLabelMaps } from './label-map-file.ts';
import { GeneratorTrainer } from './trainer.ts';

/**
 * A release made from a hub's checkpoint alone, when the sites are gone. directory: the folder of the checkpoint.
 * Throws StateMismatchError where the checkpoint belongs to another experiment, LabelMapFileError where a site's label maps are missing.
 */
export async function* releaseFromCheckpoint(
  { native, shards = 1 }: { native: Native; shards?: number },
  experiment: Experiment,
  checkpoint: Checkpoint,
  directory: string,
  total: number,
): AsyncGenerator<SyntheticImage> {
  const { model, training, sites } = experiment.spec;
  if (checkpoint.experimentDigest !== experimentDigest(experiment))
    throw new StateMismatchError(`the checkpoint belongs to another experiment than ${experiment.metadata.name}`);
  const library = new ConditionLibrary(model.labels, training.seed);
  const names = sites.map(({ name }) => name);
  for (const name of names) library.store(name, await readLabelMaps(labelMapFile(directory, name)));
  const trainer = new GeneratorTrainer(native, { model, training, batchSize: training.batchSize * sites.length, shards });
  try {
    trainer.restore(checkpoint.state);
    yield* synthesize(
      trainer,
      (orders) => generatorInput(model, training.seed, library, (site) => names.indexOf(site), orders),
      releaseOrders(library, names, total),
    );
  } finally {
    trainer.close();
  }
}
