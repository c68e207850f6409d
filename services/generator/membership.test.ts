import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { experimentDigest } from '#experiment';
import type { DatasetManifest } from '#wire';
import { anExperiment } from '../../test/a-small-run.ts';
import { aHello } from './a-site.ts';
import { NoSharedCutError, SiteMismatchError, SiteTooSmallError, UnknownSiteError } from './errors.ts';
import { Membership } from './membership.ts';

const EXPERIMENT = anExperiment();
/** One site: a hello that is not refused is answered at once. */
const ALONE = anExperiment({ sites: ['north'] });

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const undecided = Symbol('undecided');
  await new Promise(setImmediate);
  return (await Promise.race([promise.catch(() => null), Promise.resolve(undecided)])) === undecided;
};

test('nobody is welcomed before everybody is there', async () => {
  const membership = new Membership(EXPERIMENT, []);
  const north = membership.join(aHello('north'));
  assert.ok(await isPending(north));
  assert.ok(await isPending(membership.cut));
  const south = membership.join(aHello('south'));
  assert.deepEqual(
    (await Promise.all([north, south])).map(({ siteIndex }) => siteIndex),
    [0, 1],
  );
  assert.equal(await membership.cut, null);
});

test('members are in the order of the experiment, whoever comes first', async () => {
  const membership = new Membership(EXPERIMENT, []);
  await Promise.all([membership.join(aHello('south', { manifest: { count: 7 } })), membership.join(aHello('north'))]);
  assert.deepEqual(
    membership.members.map(({ site, manifest }) => [site, manifest.count]),
    [
      ['north', 3],
      ['south', 7],
    ],
  );
});

test('a welcome names the experiment, its codecs, where to start, and an epoch above all that a site has seen', async () => {
  const membership = new Membership(EXPERIMENT, []);
  const joins = [membership.join(aHello('north', { hubEpoch: 4 })), membership.join(aHello('south', { hubEpoch: 2 }))];
  for (const welcome of await Promise.all(joins)) {
    assert.equal(welcome.hubEpoch, 5);
    assert.equal(welcome.experiment, EXPERIMENT);
    assert.deepEqual(welcome.codecs, EXPERIMENT.spec.wire);
    assert.equal(welcome.startIteration, 0);
    assert.equal(welcome.restore, null);
  }
});

test('a site that says hello twice counts once', async () => {
  const membership = new Membership(EXPERIMENT, []);
  const first = membership.join(aHello('north'));
  const second = membership.join(aHello('north'));
  assert.ok(await isPending(Promise.race([first, second])));
  await Promise.all([membership.join(aHello('south')), first, second]);
});

test('everybody goes back to the newest cut that everybody holds', async () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 12 }));
  await fc.assert(
    fc.asyncProperty(cuts, cuts, cuts, async (hub, north, south) => {
      const membership = new Membership(EXPERIMENT, hub);
      const joins = Promise.all([
        membership.join(aHello('north', { snapshots: north })),
        membership.join(aHello('south', { snapshots: south })),
      ]);
      const shared = hub.filter((cut) => north.includes(cut) && south.includes(cut));
      if (hub.length > 0 && shared.length === 0) {
        await assert.rejects(joins, NoSharedCutError);
        await assert.rejects(membership.cut, NoSharedCutError);
        return;
      }
      const expected = hub.length === 0 ? null : Math.max(...shared);
      assert.equal(await membership.cut, expected);
      for (const welcome of await joins) assert.deepEqual([welcome.restore, welcome.startIteration], [expected, expected ?? 0]);
    }),
  );
});

test('no shared cut: the message says who holds what', async () => {
  const membership = new Membership(EXPERIMENT, [50, 100]);
  const north = membership.join(aHello('north', { snapshots: [50] }));
  const south = membership.join(aHello('south'));
  await assert.rejects(north, /hub: 50, 100; north: 50; south: none/);
  await assert.rejects(south, NoSharedCutError);
});

test('a site that the experiment does not name is refused', async () => {
  const membership = new Membership(ALONE, []);
  await assert.rejects(membership.join(aHello('west')), UnknownSiteError);
  assert.deepEqual(membership.members, []);
});

const MISMATCHES: Partial<DatasetManifest>[] = [{ size: 32 }, { channels: 1 }, { classes: 4 }, { labels: 'Classes' }];
for (const manifest of MISMATCHES) {
  const [[field, value]] = Object.entries(manifest) as [[string, unknown]];
  test(`a site with other ${field} than the experiment's is refused, and the message says both`, async () => {
    const membership = new Membership(ALONE, []);
    await assert.rejects(membership.join(aHello('north', { manifest })), (error) => {
      assert.ok(error instanceof SiteMismatchError);
      assert.match(error.message, new RegExp(`site north: its ${field} is ${value}, the experiment wants \\w+`));
      return true;
    });
    assert.deepEqual(membership.members, []);
  });
}

test('a site without training images is refused', async () => {
  const membership = new Membership(ALONE, []);
  await assert.rejects(membership.join(aHello('north', { manifest: { count: 0 } })), SiteTooSmallError);
});

test('a site that runs another experiment is refused; one that does not say is not', async () => {
  const membership = new Membership(ALONE, []);
  const other = experimentDigest(anExperiment({ sites: ['north'], training: { seed: 6 } }));
  await assert.rejects(membership.join(aHello('north', { experimentDigest: other })), /experiment digest/);
  await membership.join(aHello('north', { experimentDigest: experimentDigest(ALONE) }));
  await membership.join(aHello('north'));
});
