import type { Tensor } from './graph.ts';
import { concat, split } from './ops/shape.ts';

/**
 * Applies a network that treats each sample alone to slices of a batch, side by side: where the ops of one slice keep one thread busy, the slices
 * keep several. inputs: [n, ...] each; the network's outputs are put together again. At most `shards` slices, all of the same size.
 */
export function inShards(
  inputs: readonly Tensor[],
  shards: number,
  network: (inputs: readonly Tensor[], shard: number) => readonly Tensor[],
): Tensor[] {
  const batch = inputs[0]!.shape[0]!;
  const count = Array.from({ length: Math.min(shards, batch) }, (_, i) => i + 1).findLast((candidate) => batch % candidate === 0)!;
  const slices = inputs.map((input) => split(input, count));
  const outputs = Array.from({ length: count }, (_, shard) =>
    network(
      slices.map((slice) => slice[shard]!),
      shard,
    ),
  );
  return outputs[0]!.map((_, k) =>
    concat(
      outputs.map((output) => output[k]!),
      0,
    ),
  );
}
