import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from './random.ts';

test('random - the stream is xoshiro128** seeded with SHA-256 of the name', () => {
  // Computed in Python: hashlib.sha256(b'[7,"conditions",0,"a"]'), and the generator as Blackman and Vigna publish it.
  const expected = [2147232322, 412416337, 1478125590, 1412300748, 2020719944, 3891192416];
  const random = new Random(7, 'conditions', 0, 'a');
  assert.deepEqual(
    expected.map(() => random.bits()),
    expected,
  );
});

test('random - equal names give equal numbers, whatever other streams draw', () => {
  const [a, b, other] = [new Random('x', 1), new Random('x', 1), new Random('x', 2)];
  const draw = (random: Random) => [random.uniform(), random.normal(), random.integer(10), ...random.permutation(5)];
  const first = Array.from({ length: 5 }, () => draw(a));
  const second = Array.from({ length: 5 }, () => [draw(other), draw(b)][1]);
  assert.deepEqual(second, first);
});

test('random - another name gives other numbers: the parts of a name do not run together', () => {
  const names = [[1], ['1'], [1, 2], [12], ['1,2'], ['a', 'b'], ['ab'], ['a,b'], [2, 1], [-1], []];
  const firsts = names.map((name) => new Random(...name).bits());
  assert.equal(new Set(firsts).size, names.length);
});

test('random - streams of neighbouring names are not correlated', () => {
  const count = 2000;
  const [a, b] = [new Random('site', 1).normals(count), new Random('site', 2).normals(count)];
  const correlation = a.reduce((total, value, i) => total + value * b[i]!, 0) / count;
  assert.ok(Math.abs(correlation) < 4 / Math.sqrt(count), `${correlation}`);
});

test('random - uniform numbers are in [0, 1) and evenly spread', () => {
  const random = new Random('uniform');
  const bins = new Array<number>(16).fill(0);
  const count = 32_000;
  for (let i = 0; i < count; i++) {
    const value = random.uniform();
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(16 * value)]! += 1;
  }
  const chiSquare = bins.reduce((total, seen) => total + (seen - count / 16) ** 2 / (count / 16), 0);
  assert.ok(chiSquare < 37.7, `chi-square with 15 degrees of freedom is ${chiSquare}, above its 99.9 % point`);
});

test('random - normal numbers have the moments and the quantiles of the normal distribution', () => {
  const count = 40_000;
  const values = new Random('normal').normals(count);
  const moment = (power: number) => values.reduce((total, value) => total + value ** power, 0) / count;
  assert.ok(Math.abs(moment(1)) < 0.02);
  assert.ok(Math.abs(moment(2) - 1) < 0.03);
  assert.ok(Math.abs(moment(3)) < 0.06);
  assert.ok(Math.abs(moment(4) - 3) < 0.15);
  const below = (limit: number) => values.filter((value) => value < limit).length / count;
  assert.ok(Math.abs(below(-1.96) - 0.025) < 0.004 && Math.abs(below(0.6745) - 0.75) < 0.01);
});

test('random - normals scales by the deviation', () => {
  const one = new Random('deviation').normals(9);
  assert.deepEqual(
    new Random('deviation').normals(9, 2),
    one.map((value) => 2 * value),
  );
});

test('random - whole numbers are below their bound and reach every value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (below, name) => {
      const random = new Random(name);
      const seen = new Set(Array.from({ length: 60 * below }, () => random.integer(below)));
      assert.deepEqual(
        [...seen].sort((a, b) => a - b),
        Array.from({ length: below }, (_, i) => i),
      );
    }),
    { seed: 1, numRuns: 50 },
  );
});

test('random - a permutation holds each number once, and every order comes up equally often', () => {
  const random = new Random('permutation');
  assert.deepEqual(
    random.permutation(100).sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  const seen = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.permutation(3).join();
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  for (const count of seen.values()) assert.ok(Math.abs(count - 1000) < 120, `${count} of 1000 expected`);
});
