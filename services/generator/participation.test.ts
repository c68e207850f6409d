import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Participation } from './participation.ts';

/** Rows of who took part: 'ns' is north and south. */
function history(...rows: string[]): Participation {
  const participation = new Participation();
  for (const row of rows) participation.add(row.split(''));
  return participation;
}

test('a site’s state at a time is the one after its last iteration before', () => {
  const participation = history('ns', 'ns', 'n', 'n', 'ns');
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((done) => participation.stateAt('s', done)),
    [0, 1, 2, 2, 2, 5],
  );
  assert.equal(participation.stateAt('west', 5), 0);
});

test('a snapshot belongs to the run if the site took part in the iteration before it; the seed always does', () => {
  const participation = history('ns', 'ns', 'n', 'n', 'ns');
  assert.equal(participation.newest('s', [0, 2, 3, 4, 5], 5), 5);
  assert.equal(participation.newest('s', [0, 2, 3, 4, 5], 4), 2);
  assert.equal(participation.newest('s', [3, 4, 6], 9), null);
  assert.equal(participation.newest('west', [0, 5], 5), 0);
});

test('what is cut back was never there', async () => {
  const row = fc.subarray(['n', 's', 'w']).map((sites) => sites.join(''));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), fc.nat(12), fc.array(row, { maxLength: 6 }), (rows, cut, more) => {
      const participation = history(...rows);
      participation.cutBack(cut);
      for (const each of more) participation.add(each.split(''));
      const expected = [...rows.slice(0, cut), ...more];
      assert.equal(participation.length, expected.length);
      for (const site of 'nsw') {
        for (let t = 0; t < 20; t++) {
          assert.equal(participation.tookPart(site, t), expected[t]?.includes(site) ?? false);
          const before = expected.slice(0, t).findLastIndex((sites) => sites.includes(site));
          assert.equal(participation.stateAt(site, t), before + 1);
        }
        assert.equal(participation.isCurrent(site), expected.at(-1)?.includes(site) ?? false);
      }
    }),
  );
});
