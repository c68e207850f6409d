import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { WireBoundsError, WireEncodingError } from '../errors.ts';

/** zstd level 1, or null where that is not smaller. */
export function compress(bytes: Uint8Array): Uint8Array | null {
  const frame = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: Math.max(bytes.length, 64) });
  return frame.length < bytes.length ? frame : null;
}

/** Exactly `length` bytes out of a zstd frame. Takes at most `length` bytes and a window of 2 MiB, whatever the frame claims. */
export function decompress(frame: Uint8Array, length: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = zstdDecompressSync(frame, {
      maxOutputLength: length,
      chunkSize: Math.max(length, 64),
      params: { [constants.ZSTD_d_windowLogMax]: 21 },
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new WireBoundsError(`a tensor decompresses to more than the ${length} bytes that its header says`, { cause });
    }
    throw new WireEncodingError('a tensor is no zstd frame that this side can read', { cause });
  }
  if (bytes.length !== length) throw new WireBoundsError(`a tensor decompresses to ${bytes.length} bytes, its header says ${length}`);
  return bytes;
}
