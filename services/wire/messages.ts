/**
 * What the hub and the sites say to each other. Every message also carries the protocol version, run, site and hub epoch in
 * its envelope header; the channel writes and checks those (docs/wire-format.md).
 */

/** Protocol version spoken by this code. Another major is refused; of another minor, unknown fields are ignored. */
export const PROTOCOL: ProtocolVersion = { major: 1, minor: 0 };

export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

/** A row-major float32 tensor: `data.length` is the product of `shape`. */
export interface TensorValue {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A float32 tensor with the name that the receiver knows it by. */
export interface NamedTensor extends TensorValue {
  readonly name: string;
}

export const IMAGE_CODECS = ['UInt8', 'Float16', 'Float32'] as const;
export type ImageCodec = (typeof IMAGE_CODECS)[number];

export const FEEDBACK_CODECS = ['Float16', 'Int8', 'Float32'] as const;
export type FeedbackCodec = (typeof FEEDBACK_CODECS)[number];

/** The codecs in force for one site: images go down, feedback comes up. */
export interface Codecs {
  readonly images: ImageCodec;
  readonly feedback: FeedbackCodec;
}

/** What a site says about its data: counts and geometry only. */
export interface DatasetManifest {
  /** training images held */
  readonly count: number;
  /** side of the square images and label maps, pixels */
  readonly size: number;
  readonly channels: number;
  /** condition maps hold classes 0..classes-1 */
  readonly classes: number;
  /** what the site's label files hold; instances become classes before training */
  readonly labels: 'Instances' | 'Classes';
  /** held-out test images, 0 when the site cannot be scored */
  readonly testCount: number;
}

/** site -> hub: join or rejoin. */
export interface Hello {
  readonly site: string;
  readonly manifest: DatasetManifest;
  /** every codec that the site accepts, best first */
  readonly codecs: { readonly images: readonly ImageCodec[]; readonly feedback: readonly FeedbackCodec[] };
  /** names the policy that the site enforces, so that the hub's journal can record it */
  readonly policyDigest: string;
  /** iterations of which the site holds a snapshot */
  readonly snapshots: readonly number[];
  /** highest hub epoch that the site has seen, 0 at first: a hub with a lower one is refused */
  readonly hubEpoch: number;
  /** of the experiment that the snapshots belong to */
  readonly experimentDigest?: string;
}

/** hub -> site: the answer to a hello. Which state to start from, the hub says with a `restore` when it knows who takes part. */
export interface Welcome {
  readonly hubEpoch: number;
  /** the experiment as JSON; the site validates it with the experiment room */
  readonly experiment: unknown;
  /** position of this site in the site code */
  readonly siteIndex: number;
  readonly codecs: Codecs;
}

/** One label map under an opaque key (never a file name). classes: [size, size] row-major. */
export interface ConditionMap {
  readonly key: string;
  readonly classes: Uint8Array;
}

/** site -> hub, only where the site's policy is `masks: Shared`: all label maps that the hub may draw from. */
export interface Conditions {
  readonly size: number;
  readonly maps: readonly ConditionMap[];
}

/** A crop of a label map, then turned by `rotate` quarter turns, then mirrored left to right if `flip`. */
export interface ConditionRef {
  readonly key: string;
  readonly top: number;
  readonly left: number;
  readonly rotate: 0 | 1 | 2 | 3;
  readonly flip: boolean;
}

/** hub -> site: one batch of synthetic images. */
export interface Work {
  readonly iteration: number;
  readonly generatorVersion: number;
  /** one for each image; empty where the hub made the label maps itself and sends them as `labels` */
  readonly conditions: readonly ConditionRef[];
  /** label maps made by the hub. classes: [n, h, w] */
  readonly labels?: { readonly shape: readonly number[]; readonly classes: Uint8Array };
  /** [n, h, w, c] in [-1, 1] */
  readonly fakes: TensorValue;
  /** take a snapshot after this iteration */
  readonly snapshot: boolean;
}

/** site -> hub: the answer to a Work. */
export interface Feedback {
  readonly iteration: number;
  readonly generatorVersion: number;
  /** d(loss)/d(fakes), the shape of the fakes */
  readonly gradient: TensorValue;
  /** finite scalars by name: discriminator, generator, ... */
  readonly losses: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly snapshotTaken: boolean;
}

/** hub -> site: what is not a training step. */
export type Control =
  | { readonly kind: 'snapshot'; readonly iteration: number }
  /** go back to the snapshot after `iteration` iterations; later ones do not count any more */
  | { readonly kind: 'restore'; readonly iteration: number }
  /** score this segmenter on the held-out real images; `segmenter` is its description as JSON */
  | { readonly kind: 'evaluate'; readonly segmenter: unknown; readonly weights: readonly NamedTensor[] }
  | { readonly kind: 'stop'; readonly reason: string };

/** site -> hub: the answer to a Control of the same kind. */
export type ControlReply =
  | { readonly kind: 'snapshot'; readonly iteration: number }
  | { readonly kind: 'restore'; readonly iteration: number }
  | { readonly kind: 'evaluate'; readonly scores: Scores }
  | { readonly kind: 'stop' };

/** The reply that belongs to one kind of Control. */
export type ReplyTo<C extends Control> = Extract<ControlReply, { kind: C['kind'] }>;

/** Numbers only: dice, aji, hd95, sensitivity, specificity, ...; null where a metric is undefined (no foreground). */
export interface Scores {
  /** test images scored */
  readonly images: number;
  readonly [metric: string]: number | null;
}
