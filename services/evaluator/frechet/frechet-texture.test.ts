import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode } from 'fast-png';
import { frechetTexture } from './frechet-texture.ts';
import { TEXTURE_DIMENSIONS, textureFeatures } from './texture-features.ts';

const NUCLEI = new URL('../../../test/data/nuclei/', import.meta.url);

function featuresOf(site: string): Float64Array[] {
  const folder = new URL(`${site}/train/images/`, NUCLEI);
  return readdirSync(folder).map((name) => {
    const { data, height, width, channels } = decode(readFileSync(new URL(name, folder)));
    return textureFeatures(data as Uint8Array, height, width, channels);
  });
}

test('half of a site is far nearer to its other half than to any other site', () => {
  const sites = ['fluorescence-small', 'fluorescence-large', 'histology-light', 'histology-dark'].map(featuresOf);
  for (const [s, site] of sites.entries()) {
    const [even, odd] = [0, 1].map((rest) => site.filter((_, i) => i % 2 === rest));
    const own = frechetTexture(even!, odd!);
    for (const [o, other] of sites.entries()) {
      if (o !== s)
        assert.ok(frechetTexture(even!, other) > 8 * own, `site ${s}: own half ${own}, site ${o} ${frechetTexture(even!, other)}`);
    }
  }
});

test('a set is at distance 0 from itself, and the distance is symmetric', () => {
  const site = featuresOf('histology-dark').slice(0, 24);
  const [a, b] = [site.slice(0, 10), site.slice(10)];
  assert.ok(frechetTexture(site, site) < 1e-9);
  assert.ok(Math.abs(frechetTexture(a, b) - frechetTexture(b, a)) < 1e-9);
});

const noise = (channels: number): Uint8Array => Uint8Array.from({ length: 24 * 17 * channels }, (_, i) => (i * i * 31 + 7 * i) % 251);

for (const channels of [1, 2, 3, 4]) {
  test(`${channels} channels give ${TEXTURE_DIMENSIONS} finite features; channels that are absent are 0`, () => {
    const features = textureFeatures(noise(channels), 24, 17, channels);
    assert.equal(features.length, TEXTURE_DIMENSIONS);
    assert.ok(features.every(Number.isFinite));
    assert.ok(features.subarray(5 * channels, 20).every((value) => value === 0));
    assert.ok(features.subarray(0, 5 * channels).every((value) => value > 0));
  });
}

test('features of a flat image: its level and nothing else', () => {
  const features = textureFeatures(new Uint8Array(16 * 16).fill(51), 16, 16, 1);
  const expected = [2, 0, 2, 2, 2];
  for (const [k, value] of features.entries()) assert.ok(Math.abs(value - (expected[k] ?? 0)) < 1e-6, `feature ${k} is ${value}`);
});

test('a ramp has the gradient of its slope at every scale', () => {
  const size = 32;
  const ramp = Uint8Array.from({ length: size * size }, (_, i) => 5 * (i % size));
  const features = textureFeatures(ramp, size, size, 1);
  const slope = 5 / 255 / 0.02;
  for (const [scale, mean] of [features[20]!, features[24]!, features[28]!].entries())
    assert.ok(Math.abs(mean - slope * 2 ** scale) < 1e-9);
  assert.ok(features[21]! < 1e-9);
});

test('an image whose bytes do not fit its size is refused', () => {
  assert.throws(() => textureFeatures(new Uint8Array(10), 16, 16, 1), RangeError);
  assert.throws(() => textureFeatures(new Uint8Array(16 * 16 * 5), 16, 16, 5), RangeError);
});
