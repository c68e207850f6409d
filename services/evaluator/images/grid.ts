import { rename, writeFile } from 'node:fs/promises';
import { LINE_HEIGHT, write } from './lettering.ts';
import { blank, encodePicture, imagePicture, maskPicture, paste } from './picture.ts';

/** One site: label maps and the synthetic images drawn from them. Real images have no place here. */
export interface GridRow {
  /** Name of the site, written above the row. */
  readonly label: string;
  readonly cells: readonly GridCell[];
}

export interface GridCell {
  /** [size, size], training classes. */
  readonly mask: Uint8Array;
  /** [size, size, channels] */
  readonly image: Uint8Array;
}

const PAPER = [248, 250, 252] as const;
const MARGIN = 8;
/** Between a mask and its image, and between two pairs. */
const NEAR = 2;
const FAR = 10;

/** PNG with a row per site: its name, then mask | image pairs side by side. */
export function encodeGrid(rows: readonly GridRow[], size: number, channels: number): Uint8Array {
  const pair = 2 * size + NEAR;
  const band = LINE_HEIGHT + 4 + size;
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const picture = blank(2 * MARGIN + columns * (pair + FAR) - FAR, 2 * MARGIN + rows.length * (band + FAR) - FAR, PAPER);
  for (const [r, { label, cells }] of rows.entries()) {
    const top = MARGIN + r * (band + FAR);
    write(picture, label, MARGIN, top);
    for (const [c, { mask, image }] of cells.entries()) {
      const left = MARGIN + c * (pair + FAR);
      paste(picture, maskPicture(mask, size), left, top + band - size);
      paste(picture, imagePicture(image, size, channels), left + size + NEAR, top + band - size);
    }
  }
  return encodePicture(picture);
}

/** Writes encodeGrid's PNG under a temporary name and renames it: a viewer never meets half a file. */
export async function writeGrid(file: string, rows: readonly GridRow[], size: number, channels: number): Promise<void> {
  await writeFile(`${file}.partial`, encodeGrid(rows, size, channels));
  await rename(`${file}.partial`, file);
}
