import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anExperiment, aSite } from './an-experiment.ts';
import { experimentDigest } from './digest.ts';
import { parseExperiment } from './parse.ts';

const digest = (spec: Record<string, unknown> = {}) => experimentDigest(parseExperiment(anExperiment(spec), 'x.yaml'));
const siteWith = (dataset: Record<string, unknown>) => [{ name: 'a', dataset: { path: 'data/a', ...dataset } }];

test('the digest is a SHA-256 that does not depend on how the file is written', () => {
  assert.match(digest(), /^[0-9a-f]{64}$/);
  assert.equal(digest({ training: { seed: 1, iterations: 400 } }), digest());
  assert.equal(digest({ training: { iterations: 400, seed: 1 } }), digest());
});

test('what determines the weights changes the digest', () => {
  const changes = [
    { model: { generator: { blocks: 5 } } },
    { model: { initializer: 'Normal' } },
    { training: { iterations: 401 } },
    { training: { seed: 2 } },
    { training: { averaging: 0.99 } },
    { training: { optimizer: { beta1: 0.5 } } },
    { training: { precision: 'BFloat16' } },
    { wire: { feedback: 'Float32' } },
    { sites: [aSite('b')] },
    { sites: [aSite('a'), aSite('b')] },
    { sites: [aSite('b'), aSite('a')] },
    { sites: siteWith({ path: 'data/b' }) },
    { sites: siteWith({ contrast: 'None' }) },
  ];
  assert.equal(new Set([digest(), ...changes.map(digest)]).size, changes.length + 1);
});

test('where pods run, how often states are kept and what is made afterwards leave the digest as it is', () => {
  const changes = [
    { training: { checkpointEvery: 1, sampleEvery: 1 } },
    { generator: { gpus: 1 } },
    { release: { samples: 1 } },
    { membership: { startTimeoutSeconds: 1 } },
    { sites: [{ ...aSite('a'), gpus: 1, namespace: 'x' }] },
    { sites: siteWith({ claimName: 'c' }) },
  ];
  for (const change of changes) assert.equal(digest(change), digest(), JSON.stringify(change));
});
