/** Upper bounds that a receiver enforces before it takes memory; a sender enforces the same ones. */
export interface WireLimits {
  /** one envelope, and what one of its tensors may decompress to */
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  /** tensors in one envelope */
  readonly maxTensors: number;
  /** tensor elements in one envelope */
  readonly maxElements: number;
  /** one JSON section, decompressed */
  readonly maxJsonBytes: number;
  /** pixels of all label maps of one site */
  readonly maxConditionElements: number;
  /** parameters of one segmenter */
  readonly maxWeightElements: number;
}

const MI = 2 ** 20;

export const DEFAULT_LIMITS: WireLimits = {
  maxMessageBytes: 64 * MI,
  maxHeaderBytes: 64 * 1024,
  maxTensors: 16,
  maxElements: 16 * MI,
  maxJsonBytes: MI,
  maxConditionElements: 1024 * MI,
  maxWeightElements: 64 * MI,
};

/** Elements in one message of a series: 4 MiB of float32, half of the broker's 8 MiB payload limit. */
export const PART_ELEMENTS = MI;

/** Label maps in one message: their keys must fit into the header. */
export const PART_MAPS = 256;
