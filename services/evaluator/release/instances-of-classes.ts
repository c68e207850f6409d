import { components } from '../metrics/morphology.ts';

const INTERIOR = 1;

/**
 * Instances of a map of training classes (background, interior, boundary): each connected interior is one, its boundary pixels go to the nearest
 * interior (4 neighbours, step by step), and a boundary without an interior is an instance of its own. It undoes toClasses for every object that
 * touches no other and whose interior is in one piece; where objects touch, boundary pixels at corners and in thin tails may change sides.
 * classes: [height, width] -> [height, width], 0 is background.
 */
export function instancesOfClasses(classes: Uint8Array, height: number, width: number): Int32Array {
  const interior = classes.map((label) => (label === INTERIOR ? 1 : 0));
  const { labels, areas } = components(interior, height, width);
  grow(labels, classes, width);
  const rest = components(
    classes.map((label, i) => (label !== 0 && labels[i] === 0 ? 1 : 0)),
    height,
    width,
  );
  return labels.map((label, i) => (rest.labels[i] === 0 ? label : areas.length - 1 + rest.labels[i]!));
}

/** Spreads the labels over the unlabelled foreground, all at the same speed. */
function grow(labels: Int32Array, classes: Uint8Array, width: number): void {
  let front = [...labels.keys()].filter((i) => labels[i] !== 0);
  while (front.length > 0) {
    const next: number[] = [];
    for (const i of front) {
      for (const neighbour of neighboursOf(i, width, labels.length)) {
        if (classes[neighbour] === 0 || labels[neighbour] !== 0) continue;
        labels[neighbour] = labels[i]!;
        next.push(neighbour);
      }
    }
    front = next;
  }
}

function neighboursOf(i: number, width: number, pixels: number): number[] {
  const column = i % width;
  return [i - width, i + width, column > 0 ? i - 1 : -1, column < width - 1 ? i + 1 : -1].filter((at) => at >= 0 && at < pixels);
}
