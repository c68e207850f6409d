import { createHash } from 'node:crypto';
import type { Experiment } from './schema.ts';

/**
 * SHA-256 (hex) of all that determines the weights: model, training, wire, and the sites in their order with their data.
 * Only runs with the same digest may continue each other. The number of iterations counts, since the learning rate decays over it;
 * how often checkpoints and samples are taken does not, nor where the pods run.
 */
export function experimentDigest({ apiVersion, spec }: Experiment): string {
  const determining = {
    apiVersion,
    model: spec.model,
    training: { ...spec.training, checkpointEvery: undefined, sampleEvery: undefined },
    wire: spec.wire,
    sites: spec.sites.map(({ name, dataset, masks }) => ({ name, dataset: { ...dataset, claimName: undefined }, masks })),
  };
  return createHash('sha256').update(canonicalJson(determining)).digest('hex');
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  return JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(byKey)) : each,
  );
}
