import { requireFinite } from './codecs/finite.ts';
import { decodeFloat16, encodeFloat16 } from './codecs/float16.ts';
import { decodeUInt8, encodeUInt8 } from './codecs/uint8.ts';
import type { ImageCodec, TensorValue } from './messages.ts';

/**
 * The values that the other side sees after `codec`. A discriminator must see its real images through the codec of the fakes, or it
 * learns which of the two lie on a grid. Throws WireNotFiniteError.
 */
export function throughImageCodec({ shape, data }: TensorValue, codec: ImageCodec): TensorValue {
  requireFinite(data, 'an image');
  switch (codec) {
    case 'UInt8':
      return { shape, data: decodeUInt8(encodeUInt8(data)) };
    case 'Float16': {
      const { scale, bytes } = encodeFloat16(data);
      return { shape, data: decodeFloat16(bytes, scale) };
    }
    case 'Float32':
      return { shape, data };
  }
}
