import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Dataset, Sample } from '#datasets';
import { type Experiment, parseExperiment } from '#experiment';
import { Random } from '#nn';

/*
 * Builders for tests: an experiment and data so small that its networks are made and trained in a moment.
 */

/** Height and width of images and crops unless told otherwise. */
export const SIZE = 16;

type Fields = Readonly<Record<string, unknown>>;

/** Sites north and south with colour images, two of each in a batch; the wire changes no number. */
export function anExperiment(
  change: { sites?: readonly string[]; model?: Fields; training?: Fields; wire?: Fields; release?: Fields } = {},
): Experiment {
  const { sites = ['north', 'south'], model, training, wire, release } = change;
  const spec = {
    model: {
      image: { size: SIZE, channels: 3 },
      generator: { filters: 4, blocks: 1, siteCapacity: 4, latentChannels: 2 },
      discriminator: { filters: 4, layers: 2 },
      ...model,
    },
    training: { batchSize: 2, cropSize: SIZE, seed: 5, ...training },
    wire: { images: 'Float32', feedback: 'Float32', ...wire },
    sites: sites.map((name) => ({ name, dataset: { path: name } })),
    release: release ?? { evaluate: { enabled: false } },
  };
  const document = { apiVersion: 'asyndgan.io/v1alpha1', kind: 'AsynDGANExperiment', metadata: { name: 'small' }, spec };
  return parseExperiment(JSON.stringify(document), 'a-small-run.ts');
}

/** Images of noise, but for the red channel, which is 100 times the class; file names as at a hospital. */
export function aDataset(
  site: string,
  count: number,
  { size = SIZE, split = 'train' }: { size?: number; split?: Dataset['split'] } = {},
): Dataset {
  const samples = Array.from({ length: count }, (_, i): Sample => {
    const random = new Random('data', site, split, i);
    const classes = Uint8Array.from({ length: size * size }, () => random.integer(3));
    const image = Uint8Array.from({ length: size * size * 3 }, (_, k) => (k % 3 === 0 ? 100 * classes[k / 3]! : random.integer(256)));
    return { name: `patient-${site}-${i}.png`, image, classes, instances: Int32Array.from(classes) };
  });
  return {
    site,
    split,
    count,
    image: { size, channels: 3 },
    labels: { kind: 'Instances', classes: 3 },
    read: async (index) => samples[index]!,
    close: async () => {},
  };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'asyndgan-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const forever = (): AbortSignal => new AbortController().signal;
