import { encode } from 'fast-png';

type Colour = readonly [red: number, green: number, blue: number];

/** An RGB image, rows first. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] */
  readonly pixels: Uint8Array;
}

/** Background, then interior, boundary (or classes 1, 2, ...); classes beyond the last take the colours in turn again. */
const BACKGROUND: Colour = [17, 24, 39];
const CLASSES: readonly Colour[] = [
  [45, 148, 148],
  [250, 204, 122],
  [129, 140, 248],
  [244, 114, 132],
  [134, 197, 94],
];

/** classes: [size, size] -> the same in colours. */
export function maskPicture(classes: Uint8Array, size: number): Picture {
  const pixels = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    const label = classes[i]!;
    pixels.set(label === 0 ? BACKGROUND : CLASSES[(label - 1) % CLASSES.length]!, 3 * i);
  }
  return { width: size, height: size, pixels };
}

/** image: [size, size, channels]. Three channels are red, green, blue; of any other number the first is shown in grey. */
export function imagePicture(image: Uint8Array, size: number, channels: number): Picture {
  const pixels = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = image[i * channels + (channels === 3 ? c : 0)]!;
  }
  return { width: size, height: size, pixels };
}

export function blank(width: number, height: number, colour: Colour): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i += 3) pixels.set(colour, i);
  return { width, height, pixels };
}

/** Copies `from` into `onto`, its upper left corner at (x, y); it must fit. */
export function paste(onto: Picture, from: Picture, x: number, y: number): void {
  const row = from.width * 3;
  for (let r = 0; r < from.height; r++) {
    onto.pixels.set(from.pixels.subarray(r * row, (r + 1) * row), ((y + r) * onto.width + x) * 3);
  }
}

export function encodePicture({ width, height, pixels }: Picture): Uint8Array {
  return encode({ width, height, channels: 3, depth: 8, data: pixels });
}
