import { GraphError } from './errors.ts';
import type { Node, Tensor } from './graph.ts';
import { addN } from './ops/math.ts';

/**
 * Reverse-mode differentiation while the graph is built: d(sum over ys of <y, dy>) / dx for each x of `xs`, as new nodes. All paths count, also
 * those through another x. The gradients are ordinary tensors, so they can be differentiated again (R1, WGAN-GP).
 * Throws GraphError for an x that no y depends on (such as a weight read again after it changed).
 */
export function gradients(ys: readonly Tensor[], dys: readonly Tensor[], xs: readonly Tensor[]): Tensor[] {
  const wanted = dependents(ys, xs);
  /** What has arrived, by node and output. */
  const pending = new Map<Node, Tensor[][]>();
  const give = ({ node, output }: Tensor, gradient: Tensor) => {
    const outputs = pending.get(node) ?? [];
    outputs[output] = [...(outputs[output] ?? []), gradient];
    pending.set(node, outputs);
  };

  for (const [i, y] of ys.entries()) give(y, dys[i]!);
  for (const node of [...wanted].sort((a, b) => b.id - a.id)) {
    const outputs = pending.get(node);
    if (!node.gradient || !outputs) continue;
    const dOutputs = Array.from(outputs, (parts) => (parts ? addN(parts) : null));
    const needs = node.inputs.map((input) => wanted.has(input.node));
    node.gradient(dOutputs, needs).forEach((gradient, i) => {
      if (gradient && needs[i]) give(node.inputs[i]!, gradient);
    });
  }
  return xs.map(({ node, output }) => {
    const parts = pending.get(node)?.[output];
    if (!parts) throw new GraphError(`nothing differentiated here depends on ${node.name}`);
    return addN(parts);
  });
}

/** The nodes between xs and ys: what depends on an x and is needed for a y. */
function dependents(ys: readonly Tensor[], xs: readonly Tensor[]): Set<Node> {
  const targets = new Set(xs.map((x) => x.node));
  const depends = new Map<Node, boolean>();
  const stack = ys.map((y) => y.node);
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const open = node.inputs.filter((input) => !depends.has(input.node));
    if (open.length > 0) {
      stack.push(...open.map((input) => input.node));
      continue;
    }
    stack.pop();
    depends.set(node, targets.has(node) || node.inputs.some((input) => depends.get(input.node)));
  }
  return new Set([...depends].filter(([, yes]) => yes).map(([node]) => node));
}
