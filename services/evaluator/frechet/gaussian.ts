import { symmetricEigen, symmetricSqrt } from './eigen.ts';

/** Mean and covariance of a set of feature vectors. covariance: [n, n], row-major. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance (divided by count - 1) of at least one vector.
 * shrinkage in [0, 1] scales the correlations down towards the diagonal, so that a set smaller than its dimension has a covariance of full rank.
 */
export function gaussianOf(vectors: readonly Float64Array[], shrinkage: number): Gaussian {
  const n = vectors[0]?.length ?? 0;
  if (n === 0 || vectors.some((vector) => vector.length !== n)) throw new RangeError('gaussianOf needs feature vectors of one length');
  const mean = new Float64Array(n);
  for (const vector of vectors) for (let i = 0; i < n; i++) mean[i]! += vector[i]! / vectors.length;
  const covariance = new Float64Array(n * n);
  const weight = 1 / Math.max(vectors.length - 1, 1);
  for (const vector of vectors) {
    for (let i = 0; i < n; i++) {
      const deviation = (vector[i]! - mean[i]!) * weight;
      for (let j = 0; j < n; j++) covariance[i * n + j]! += deviation * (vector[j]! - mean[j]!) * (i === j ? 1 : 1 - shrinkage);
    }
  }
  return { mean, covariance };
}

/**
 * Squared Frechet (2-Wasserstein) distance of two Gaussians, |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau 1982).
 * The trace of the root is taken of the symmetric C1^(1/2) C2 C1^(1/2), which has the same eigenvalues. Never below 0.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const n = a.mean.length;
  if (b.mean.length !== n) throw new RangeError(`Gaussians of ${n} and ${b.mean.length} dimensions`);
  const root = symmetricSqrt(a.covariance, n);
  const { values } = symmetricEigen(symmetrize(product(product(root, b.covariance, n), root, n), n), n);
  let distance = -2 * values.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  for (let i = 0; i < n; i++) distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[i * n + i]! + b.covariance[i * n + i]!;
  return Math.max(distance, 0);
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[k * n + j]!;
    }
  }
  return out;
}

const symmetrize = (a: Float64Array, n: number): Float64Array => a.map((value, at) => (value + a[(at % n) * n + Math.floor(at / n)]!) / 2);
