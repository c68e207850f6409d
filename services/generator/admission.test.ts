import assert from 'node:assert/strict';
import { test } from 'node:test';
import { experimentDigest } from '#experiment';
import type { DatasetManifest } from '#wire';
import { anExperiment } from '../../test/a-small-run.ts';
import { aHello } from './a-site.ts';
import { placeOf } from './admission.ts';
import { SiteMismatchError, SiteTooSmallError, UnknownSiteError } from './errors.ts';

const EXPERIMENT = anExperiment();

test('a site has its place in the experiment', () => {
  assert.equal(placeOf(aHello('north'), EXPERIMENT), 0);
  assert.equal(placeOf(aHello('south'), EXPERIMENT), 1);
  assert.throws(() => placeOf(aHello('west'), EXPERIMENT), UnknownSiteError);
});

const MISMATCHES: Partial<DatasetManifest>[] = [{ size: 32 }, { channels: 1 }, { classes: 4 }, { labels: 'Classes' }];
for (const manifest of MISMATCHES) {
  const [[field, value]] = Object.entries(manifest) as [[string, unknown]];
  test(`a site with other ${field} than the experiment's is refused, and the message says both`, () => {
    assert.throws(
      () => placeOf(aHello('north', { manifest }), EXPERIMENT),
      (error) => {
        assert.ok(error instanceof SiteMismatchError);
        assert.match(error.message, new RegExp(`site north: its ${field} is ${value}, the experiment wants \\w+`));
        return true;
      },
    );
  });
}

test('a site without training images is refused', () => {
  assert.throws(() => placeOf(aHello('north', { manifest: { count: 0 } }), EXPERIMENT), SiteTooSmallError);
});

test('a site that runs another experiment is refused; one that does not say is not', () => {
  const other = experimentDigest(anExperiment({ training: { seed: 6 } }));
  assert.throws(() => placeOf(aHello('north', { experimentDigest: other }), EXPERIMENT), /experiment digest/);
  assert.equal(placeOf(aHello('north', { experimentDigest: experimentDigest(EXPERIMENT) }), EXPERIMENT), 0);
});
