import { blank, type Picture, paste } from './picture.ts';

/** Height of a line of text; a character is 5 pixels wide with one pixel after it. */
export const LINE_HEIGHT = 7;

const INK = [71, 85, 105] as const;

/** Capital letters of 5x7 pixels, a row as five bits in base 32, the highest bit on the left. */
const GLYPHS: Readonly<Record<string, string>> = {
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'uhhhhhu',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hha4444',
  Z: 'v1248gv',
  0: 'ehjlphe',
  1: '4c4444e',
  2: 'eh1248v',
  3: 'v2421he',
  4: '26aiv22',
  5: 'vgu11he',
  6: '68guhhe',
  7: 'v124888',
  8: 'ehhehhe',
  9: 'ehhf12c',
  '-': '000v000',
  '.': '00000cc',
  '/': '01248g0',
  '?': 'eh12404',
};

/** Writes `text` in capitals, cut off at the picture's edge; characters without a glyph show as ?. */
export function write(onto: Picture, text: string, x: number, y: number): void {
  const pen = blank(1, 1, INK);
  for (const [k, character] of [...text.toUpperCase()].entries()) {
    const left = x + 6 * k;
    if (left + 5 > onto.width) return;
    if (character === ' ') continue;
    for (const [r, row] of [...(GLYPHS[character] ?? GLYPHS['?']!)].entries()) {
      for (let c = 0; c < 5; c++) if ((Number.parseInt(row, 32) >> (4 - c)) & 1) paste(onto, pen, left + c, y + r);
    }
  }
}
