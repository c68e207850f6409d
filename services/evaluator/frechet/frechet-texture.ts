import { frechetDistance, gaussianOf } from './gaussian.ts';
import { TEXTURE_DIMENSIONS } from './texture-features.ts';

/**
 * Frechet distance on the FTD-48 features (see textureFeatures) of two sets of images; 0 for equal sets, higher is further apart.
 *
 * It is not the FID: there is no Inception network in it, its numbers compare with nothing but other FTD-48 numbers, and only between
 * images of the same size. Sets are often smaller than the 48 dimensions, so that the correlations of both are scaled by
 * n / (n + 48), n being the size of the smaller set: the same factor for both, so that equal distributions still compare as equal.
 * Small sets have a floor above 0: two halves of one site's 80 tiles lie a few units apart.
 */
export function frechetTexture(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  const smaller = Math.min(a.length, b.length);
  const shrinkage = TEXTURE_DIMENSIONS / (smaller + TEXTURE_DIMENSIONS);
  return frechetDistance(gaussianOf(a, shrinkage), gaussianOf(b, shrinkage));
}
