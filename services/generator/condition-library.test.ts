import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cropImage } from '#datasets';
import { SIZE } from '../../test/a-small-run.ts';
import { someConditions } from './a-site.ts';
import { type Condition, ConditionLibrary } from './condition-library.ts';

const LABELS = { kind: 'Instances', classes: 3 } as const;
const CROP = 8;

function aLibrary(seed = 5, counts: Record<string, number> = { north: 3, south: 2 }): ConditionLibrary {
  const library = new ConditionLibrary(LABELS, seed);
  for (const [site, count] of Object.entries(counts)) library.store(site, someConditions(site, count));
  return library;
}

/** The condition as its reference describes it. */
function cutAgain(site: string, { ref }: Condition, crop: number): Uint8Array {
  const map = someConditions(site, 9).maps.find(({ key }) => key === ref.key)!;
  return cropImage(map.classes, SIZE, 1, ref, crop);
}

test('a draw is a crop of one of the site’s maps, at the place that its reference names', () => {
  const library = aLibrary();
  const drawn = Array.from({ length: 20 }, (_, iteration) => library.draw('north', 4, CROP, iteration)).flat();
  for (const condition of drawn) assert.deepEqual(condition.classes, cutAgain('north', condition, CROP));
  assert.equal(new Set(drawn.map(({ ref }) => ref.key)).size, 3, 'every map is drawn some day');
  assert.equal(new Set(drawn.map(({ ref }) => `${ref.rotate}${ref.flip}`)).size, 8, 'in all symmetries');
});

test('a draw depends on the seed, the site and the iteration alone', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(1000)), fc.nat(1000), (seed, before, iteration) => {
      const used = aLibrary(seed);
      for (const other of before) used.draw('south', 3, CROP, other);
      assert.deepEqual(used.draw('north', 2, CROP, iteration), aLibrary(seed).draw('north', 2, CROP, iteration));
    }),
    { numRuns: 30 },
  );
  const [first] = aLibrary().draw('north', 1, CROP, 0);
  assert.notDeepEqual(aLibrary(6).draw('north', 1, CROP, 0), [first]);
  assert.notDeepEqual(aLibrary().draw('north', 1, CROP, 1), [first]);
  const alike = aLibrary(5, { north: 3, south: 3 });
  const places = (site: string) => alike.draw(site, 4, CROP, 0).map(({ ref }) => ({ ...ref, key: ref.key.at(-1) }));
  assert.notDeepEqual(places('south'), places('north'));
});

test('the row of whole maps has all as they are, then all again, turned or mirrored', () => {
  const library = aLibrary();
  const { maps } = someConditions('north', 3);
  const row = Array.from({ length: 30 }, (_, i) => library.whole('north', i));
  row.forEach((condition, i) => {
    assert.equal(condition.ref.key, maps[i % 3]!.key);
    assert.deepEqual(condition.classes, cutAgain('north', condition, SIZE));
  });
  assert.deepEqual(
    row.slice(0, 3).map(({ classes }) => classes),
    maps.map(({ classes }) => classes),
  );
  const again = Array.from({ length: 20 }, (_, seed) => aLibrary(seed).whole('north', 3));
  assert.ok(again.some(({ ref }) => ref.rotate !== 0 || ref.flip));
  assert.ok(new Set(row.map(({ ref }) => `${ref.key} ${ref.rotate} ${ref.flip}`)).size > 12);
  assert.deepEqual(library.whole('north', 17), aLibrary().whole('north', 17));
});

test('planes are foreground and boundary of each condition, one after the other', () => {
  const library = aLibrary();
  const conditions = library.draw('north', 2, CROP, 0);
  const planes = library.planes(conditions);
  const expected = conditions.flatMap(({ classes }) => [...classes].flatMap((label) => [label > 0 ? 1 : 0, label === 2 ? 1 : 0]));
  assert.deepEqual([...planes], expected);
});

test('a second set of maps replaces the first', () => {
  const library = aLibrary();
  library.store('north', someConditions('west', 1));
  assert.equal(library.countOf('north'), 1);
  assert.equal(library.whole('north', 0).ref.key, 'west-0');
});

test('a site that has sent nothing cannot be drawn from', () => {
  const library = aLibrary();
  assert.equal(library.countOf('west'), 0);
  assert.throws(() => library.draw('west', 1, CROP, 0), /west has sent no label maps/);
  assert.throws(() => library.whole('west', 0), /west has sent no label maps/);
});
