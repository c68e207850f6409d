import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

interface Stored {
  readonly cases: readonly (Record<'labels' | 'probabilities' | 'instances' | 'components' | 'name', string> &
    Record<'height' | 'width' | 'dice' | 'sensitivity' | 'specificity' | 'hd95' | 'aji', number>)[];
  readonly distance: { readonly height: number; readonly width: number; readonly mask: string; readonly squared: readonly number[] };
  readonly gaussians: readonly {
    readonly means: readonly number[][];
    readonly covariances: readonly number[][];
    readonly distance: number;
  }[];
}

const stored = JSON.parse(readFileSync(new URL('metrics.fixture.json', import.meta.url), 'utf8')) as Stored;

/** Numbers of SciPy, scikit-image and MedPy (make.py). */
export const metricsReference = {
  cases: stored.cases.map((row) => ({
    ...row,
    labels: shorts(row.labels),
    instances: shorts(row.instances),
    components: shorts(row.components),
    probabilities: softmax(bytes(row.probabilities)),
  })),
  distance: { ...stored.distance, mask: bytes(stored.distance.mask) },
  gaussians: stored.gaussians,
};

function bytes(text: string): Uint8Array {
  return new Uint8Array(inflateSync(Buffer.from(text, 'base64')));
}

function shorts(text: string): Int32Array {
  return Int32Array.from(new Uint16Array(bytes(text).buffer));
}

/** Interior and boundary in 1/256 -> background, interior, boundary. */
function softmax(pairs: Uint8Array): Float32Array {
  const out = new Float32Array((pairs.length / 2) * 3);
  for (let i = 0; i < pairs.length / 2; i++) {
    const [interior, boundary] = [pairs[2 * i]! / 256, pairs[2 * i + 1]! / 256];
    out.set([1 - interior - boundary, interior, boundary], 3 * i);
  }
  return out;
}
