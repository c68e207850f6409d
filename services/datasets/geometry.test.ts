import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GeometryMismatchError } from './errors.ts';
import { checkSameGeometry } from './geometry.ts';
import { INSTANCES, TILE } from './test-support.ts';

test('sites of the same geometry pass', () => {
  checkSameGeometry(['a', 'b'].map((site) => ({ site, image: TILE, labels: INSTANCES })));
});

test('the message names what differs and the sites on each side', () => {
  const sites = [
    { site: 'a', image: TILE, labels: INSTANCES },
    { site: 'b', image: { size: 64, channels: 3 }, labels: INSTANCES },
    { site: 'c', image: TILE, labels: { kind: 'Classes', classes: 4 } as const },
  ];
  assert.throws(
    () => checkSameGeometry(sites),
    (error: GeometryMismatchError) => {
      assert.equal(error.code, 'DATASET_GEOMETRY_MISMATCH');
      assert.match(error.message, /image size 128x128 at a, c and 64x64 at b/);
      assert.match(error.message, /labels Instances \(3 classes\) at a, b and Classes \(4 classes\) at c/);
      assert.doesNotMatch(error.message, /channels 3/);
      return error instanceof GeometryMismatchError;
    },
  );
});
