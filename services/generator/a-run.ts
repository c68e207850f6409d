import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Experiment, parseExperiment } from '#experiment';
import { Random } from '#nn';
import type { Conditions, Hello } from '#wire';

/*
 * Builders for tests: a small experiment, and what its sites say and send.
 */

export const SIZE = 16;

type Fields = Record<string, unknown>;

/** Sites north and south unless told otherwise; images of 16 x 16 in colour; the wire changes no number. */
export function anExperiment(change: { sites?: readonly string[]; model?: Fields; training?: Fields } = {}): Experiment {
  const { sites = ['north', 'south'], model = {}, training = {} } = change;
  const spec = {
    model: {
      image: { size: SIZE, channels: 3 },
      generator: { filters: 4, blocks: 1, siteCapacity: 4, latentChannels: 2 },
      discriminator: { filters: 4, layers: 2 },
      ...model,
    },
    training: { batchSize: 2, cropSize: 16, seed: 5, ...training },
    wire: { images: 'Float32', feedback: 'Float32' },
    sites: sites.map((name) => ({ name, dataset: { path: name } })),
    release: { evaluate: { enabled: false } },
  };
  const document = { apiVersion: 'asyndgan.io/v1alpha1', kind: 'AsynDGANExperiment', metadata: { name: 'small' }, spec };
  return parseExperiment(JSON.stringify(document), 'a-run.ts');
}

/** Label maps of a site, no two of them alike under any turn. */
export function someConditions(site: string, count: number, size = SIZE): Conditions {
  const random = new Random('maps', site);
  return {
    size,
    maps: Array.from({ length: count }, (_, i) => ({
      key: `${site}-${i}`,
      classes: Uint8Array.from({ length: size * size }, () => random.integer(3)),
    })),
  };
}

export function aHello(site: string, change: Omit<Partial<Hello>, 'manifest'> & { manifest?: Partial<Hello['manifest']> } = {}): Hello {
  return {
    site,
    codecs: { images: ['Float32'], feedback: ['Float32'] },
    policyDigest: '00ff',
    snapshots: [],
    hubEpoch: 0,
    ...change,
    manifest: { count: 3, size: SIZE, channels: 3, classes: 3, labels: 'Instances', testCount: 0, ...change.manifest },
  };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'generator-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const forever = (): AbortSignal => new AbortController().signal;
