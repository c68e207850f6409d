import { dirname, resolve } from 'node:path';
import { loadExperiment } from '#experiment';
import { openCheckpoint } from '#generator';
import { readCheckpoint } from '#nn';
import { WrongCheckpointError } from '../errors.ts';
import { nativeFor } from '../native.ts';
import { layout } from '../run/output.ts';
import { Progress } from '../run/progress.ts';
import { writeRelease } from '../run/release.ts';

export interface SynthesizeOptions {
  readonly checkpoint: string;
  readonly count: number;
  readonly out: string;
  readonly experiment?: string;
  readonly threads?: number;
}

/** `asyndgan synthesize`: a release from a run's generator, of any size, without the sites. */
export async function synthesizeImages({ checkpoint: file, count, out, experiment: given, threads }: SynthesizeOptions): Promise<void> {
  const checkpoint = await readCheckpoint(file);
  if (checkpoint.party !== 'hub')
    throw new WrongCheckpointError(file, `this is the discriminator of site ${checkpoint.party}; images come from the hub's checkpoint`);
  const hub = dirname(resolve(file));
  const experiment = await loadExperiment(given ?? layout(resolve(hub, '..', '..')).experiment);
  const engine = nativeFor(experiment, threads);
  const generator = await openCheckpoint(engine, experiment, checkpoint, hub);
  const source = { file, iteration: checkpoint.iteration };
  const card = await writeRelease(engine.native, out, experiment, source, generator.release(count), count, new Progress(process.stderr));
  generator.close();
  console.log(`${card.count} images in ${out}: ${card.sites.map(({ name, count: of }) => `${of} in the style of ${name}`).join(', ')}`);
}
