import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDataset } from '#datasets';
import { components } from '../metrics/morphology.ts';
import { instancesOfClasses } from './instances-of-classes.ts';

const NUCLEI = new URL('../../../test/data/nuclei/', import.meta.url).pathname;
const SIZE = 128;

const rows = (...lines: string[]): Uint8Array => Uint8Array.from(lines.join(''), Number);
const show = (labels: Int32Array, width: number): string[] =>
  Array.from({ length: labels.length / width }, (_, y) => labels.subarray(y * width, (y + 1) * width).join(''));

test('boundaries go to the interior that they surround', () => {
  const classes = rows(
    ...['22200000', '21200222', '22200212', '00000222'], //
  );
  assert.deepEqual(show(instancesOfClasses(classes, 4, 8), 8), ['11100000', '11100222', '11100222', '00000222']);
});

test('touching objects stay apart', () => {
  const classes = rows('222222', '212212', '212212', '222222');
  assert.deepEqual(show(instancesOfClasses(classes, 4, 6), 6), ['111222', '111222', '111222', '111222']);
});

test('a boundary without an interior is an object of its own', () => {
  const classes = rows('2220022', '2120022', '2220000', '0000020');
  assert.deepEqual(show(instancesOfClasses(classes, 4, 7), 7), ['1110022', '1110022', '1110000', '0000030']);
});

test('nothing is found where there is nothing', () => {
  assert.deepEqual(instancesOfClasses(new Uint8Array(12), 3, 4), new Int32Array(12));
});

test('exactly the foreground has instances, and they are numbered from 1 without a gap', () => {
  const maps = fc.integer({ min: 1, max: 9 }).chain((width) =>
    fc.uint8Array({ minLength: width, maxLength: 9 * width, max: 2 }).map((classes) => {
      const height = Math.floor(classes.length / width);
      return { classes: classes.slice(0, height * width), height, width };
    }),
  );
  fc.assert(
    fc.property(maps, ({ classes, height, width }) => {
      const instances = instancesOfClasses(classes, height, width);
      instances.forEach((instance, i) => {
        assert.equal(instance > 0, classes[i]! > 0);
      });
      const numbers = new Set(instances.filter((instance) => instance > 0));
      assert.deepEqual(
        [...numbers].sort((a, b) => a - b),
        [...numbers].map((_, i) => i + 1),
      );
    }),
  );
});

interface TrueObject {
  readonly pixels: number[];
  readonly pieces: number;
  readonly touching: Set<number>;
}

/** By label: an object's pixels, the number of pieces of its interior, and the objects that it touches. */
function objectsOf(instances: Int32Array, classes: Uint8Array): Map<number, TrueObject> {
  const groups = Map.groupBy(instances.keys(), (i) => instances[i]!);
  groups.delete(0);
  return new Map(
    [...groups].map(([label, pixels]) => {
      const interior = new Uint8Array(instances.length);
      for (const i of pixels) interior[i] = classes[i] === 1 ? 1 : 0;
      const near = new Set(pixels.flatMap(neighboursOf).map((i) => instances[i] ?? 0));
      const touching = near.difference(new Set([0, label]));
      return [label, { pixels, pieces: components(interior, SIZE, SIZE).areas.length - 1, touching }];
    }),
  );
}

const neighboursOf = (i: number): number[] => [
  i - SIZE,
  i + SIZE,
  ...(i % SIZE > 0 ? [i - 1] : []),
  ...(i % SIZE < SIZE - 1 ? [i + 1] : []),
];

for (const site of ['fluorescence-large', 'fluorescence-small', 'histology-dark', 'histology-light']) {
  test(`real nuclei with an interior in one piece come back from their training classes: ${site}`, async (t) => {
    const labels = { kind: 'Instances', classes: 3 } as const;
    const source = { path: `${NUCLEI}${site}`, format: 'Folder', fit: 'Exact', contrast: 'None' } as const;
    const dataset = await openDataset(site, source, 'test', { size: SIZE, channels: 3 }, labels);
    t.after(() => dataset.close());
    const overlaps: number[] = [];
    let apart = 0;
    for (let index = 0; index < dataset.count; index++) {
      const { instances, classes } = await dataset.read(index);
      const found = instancesOfClasses(classes, SIZE, SIZE);
      const objects = objectsOf(instances!, classes);
      const isWhole = (label: number) => objects.get(label)!.pieces === 1;
      const foundAs = ({ pixels }: TrueObject) => found[pixels.find((i) => classes[i] === 1)!]!;
      const whole = [...objects].filter(([label]) => isWhole(label)).map(([, object]) => object);
      assert.equal(new Set(whole.map(foundAs)).size, whole.length, `tile ${index}: no two nuclei become one`);
      for (const object of whole) {
        const number = foundAs(object);
        const own = object.pixels.filter((i) => found[i] === number).length;
        const union = object.pixels.length + found.filter((each) => each === number).length - own;
        if (object.touching.size === 0) {
          assert.equal(own, union, `tile ${index}: to the pixel where it touches no other`);
          apart++;
        } else if ([...object.touching].every(isWhole)) overlaps.push(own / union);
      }
    }
    assert.ok(apart > 50 && overlaps.length > 5);
    const kept = overlaps.filter((overlap) => overlap > 0.9).length / overlaps.length;
    assert.ok(kept > 0.95, `where they touch, ${kept} keep nine tenths of their pixels`);
  });
}
