/** Binary erosion with the 4-neighbour cross; the outside of the image is background. mask [height, width] -> 0/1. */
export function erode(mask: Uint8Array, height: number, width: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      if (mask[i] && mask[i - 1] && mask[i + 1] && mask[i - width] && mask[i + width]) out[i] = 1;
    }
  }
  return out;
}

/** Binary opening with the 4-neighbour cross: erosion, then dilation. */
export function open(mask: Uint8Array, height: number, width: number): Uint8Array {
  const eroded = erode(mask, height, width);
  const out = eroded.slice();
  // An eroded pixel is never on the image's edge, so that its four neighbours exist.
  for (let i = 0; i < eroded.length; i++) if (eroded[i]) out[i - 1] = out[i + 1] = out[i - width] = out[i + width] = 1;
  return out;
}

/**
 * Connected components of the non-zero pixels with 4 neighbours, numbered from 1 in the order of their first pixel in
 * reading order, as scipy.ndimage.label does. areas[k] is the size of component k in pixels; areas[0] is 0.
 */
export function components(mask: Uint8Array, height: number, width: number): { labels: Int32Array; areas: number[] } {
  const labels = new Int32Array(mask.length);
  const stack = new Int32Array(mask.length);
  const areas = [0];
  for (let seed = 0; seed < height * width; seed++) {
    if (!mask[seed] || labels[seed]) continue;
    const label = areas.length;
    let area = 0;
    let depth = 0;
    const visit = (i: number): void => {
      if (!mask[i] || labels[i]) return;
      labels[i] = label;
      stack[depth++] = i;
      area++;
    };
    visit(seed);
    while (depth > 0) {
      const i = stack[--depth]!;
      const x = i % width;
      if (i >= width) visit(i - width);
      if (x > 0) visit(i - 1);
      if (x < width - 1) visit(i + 1);
      if (i + width < mask.length) visit(i + width);
    }
    areas.push(area);
  }
  return { labels, areas };
}
