/** Planes are [rows, width]; neighbours are the four beside a pixel unless said otherwise; what lies outside of the plane is no neighbour. */

/** The pixels outside of the mask that have a neighbour in it. */
export function outerEdge(mask: Uint8Array, width: number): Uint8Array {
  return mask.map((inside, i) => Number(!inside && hasNeighbour(mask, i, width, 1)));
}

/** The pixels on both sides of the mask's edge: dilation and not erosion by a cross. */
export function bothEdges(mask: Uint8Array, width: number): Uint8Array {
  return mask.map((inside, i) => Number(hasNeighbour(mask, i, width, 1 - inside)));
}

/** Adds what the mask encloses: background that no path of neighbours joins to the plane's border (scipy.ndimage.binary_fill_holes). */
export function fillHoles(mask: Uint8Array, width: number): Uint8Array {
  const outside = new Uint8Array(mask.length);
  const stack: number[] = [];
  const visit = (i: number) => {
    if (mask[i] || outside[i]) return;
    outside[i] = 1;
    stack.push(i);
  };
  for (let i = 0; i < mask.length; i++) if (onBorder(i, width, mask.length)) visit(i);
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) forNeighbours(i, width, mask.length, visit);
  return outside.map((out) => 1 - out);
}

/** Numbers the connected parts of a mask from 1 on, in the order of their first pixels; eight neighbours. */
export function components(mask: Uint8Array, width: number): Int32Array {
  const labels = new Int32Array(mask.length);
  const stack: number[] = [];
  let count = 0;
  const visit = (i: number) => {
    if (!mask[i] || labels[i] !== 0) return;
    labels[i] = count;
    stack.push(i);
  };
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start] !== 0) continue;
    count++;
    visit(start);
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      forNeighbours(i, width, mask.length, visit);
      forDiagonals(i, width, mask.length, visit);
    }
  }
  return labels;
}

/** Grows every instance by a pixel into the background; where two meet the lower number wins. */
export function grow(instances: Int32Array, width: number): Int32Array {
  return instances.map((label, i) => {
    if (label !== 0) return label;
    let least = 0;
    forNeighbours(i, width, instances.length, (j) => {
      const other = instances[j]!;
      if (other !== 0 && (least === 0 || other < least)) least = other;
    });
    return least;
  });
}

function hasNeighbour(mask: Uint8Array, i: number, width: number, value: number): boolean {
  let found = false;
  forNeighbours(i, width, mask.length, (j) => {
    found ||= mask[j] === value;
  });
  return found;
}

function onBorder(i: number, width: number, length: number): boolean {
  const column = i % width;
  return column === 0 || column === width - 1 || i < width || i >= length - width;
}

function forNeighbours(i: number, width: number, length: number, visit: (neighbour: number) => void): void {
  const column = i % width;
  if (column > 0) visit(i - 1);
  if (column < width - 1) visit(i + 1);
  if (i >= width) visit(i - width);
  if (i + width < length) visit(i + width);
}

function forDiagonals(i: number, width: number, length: number, visit: (neighbour: number) => void): void {
  const column = i % width;
  for (const row of [i - width, i + width]) {
    if (row < 0 || row >= length) continue;
    if (column > 0) visit(row - 1);
    if (column < width - 1) visit(row + 1);
  }
}
