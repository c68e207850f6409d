import { type Experiment, experimentDigest } from '#experiment';
import { type Checkpoint, type Native, StateMismatchError } from '#nn';
import { ConditionLibrary } from './condition-library.ts';
import { generatorInput, type Order, releaseOrders, type SyntheticImage, synthesize, wholeOrder } from './images.ts';
import { labelMapFile, readLabelMaps } from './label-map-file.ts';
import { GeneratorTrainer } from './trainer.ts';

/** A generator without a run: makes the images that the hub would make of this checkpoint. */
export interface KeptGenerator {
  /** As Hub.samples. */
  samples(count: number): Generator<SyntheticImage>;
  /** As Hub.release. */
  release(total: number): Generator<SyntheticImage>;
  close(): void;
}

/**
 * Opens a hub's checkpoint when the sites are gone. directory: the folder of the checkpoint.
 * Throws StateMismatchError where the checkpoint belongs to another experiment, LabelMapFileError where a site's label maps are missing.
 */
export async function openCheckpoint(
  { native, shards = 1 }: { native: Native; shards?: number },
  experiment: Experiment,
  checkpoint: Checkpoint,
  directory: string,
): Promise<KeptGenerator> {
  const { model, training, sites } = experiment.spec;
  if (checkpoint.experimentDigest !== experimentDigest(experiment))
    throw new StateMismatchError(`the checkpoint belongs to another experiment than ${experiment.metadata.name}`);
  const library = new ConditionLibrary(model.labels, training.seed);
  const names = sites.map(({ name }) => name);
  for (const name of names) library.store(name, await readLabelMaps(labelMapFile(directory, name)));
  const trainer = new GeneratorTrainer(native, { model, training, batchSize: training.batchSize * sites.length, shards });
  trainer.restore(checkpoint.state);
  const input = (orders: readonly Order[]) => generatorInput(model, training.seed, library, (site) => names.indexOf(site), orders);
  return {
    samples: (count) =>
      synthesize(
        trainer,
        input,
        names.flatMap((site) => Array.from({ length: count }, (_, i) => wholeOrder(library, site, i, 'sample'))),
      ),
    release: (total) => synthesize(trainer, input, releaseOrders(library, names, total)),
    close: () => trainer.close(),
  };
}
