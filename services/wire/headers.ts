import { z } from 'zod';
import { WireHeaderError } from './errors.ts';
import { FEEDBACK_CODECS, IMAGE_CODECS } from './messages.ts';

/*
 * The header of every message, as JSON (docs/wire-format.md). Unknown fields are dropped, so that a newer minor version is understood.
 * Text is bounded and of a narrow alphabet: it ends up in logs, subjects and journals.
 */

const count = z.int().min(0);
const token = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const key = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_./-]{0,127}$/);
const text = z.string().max(2000);
const part = z.object({ index: count, last: z.boolean() });
const shape = z.array(z.int().min(1)).min(1).max(8).readonly();

const section = z.object({
  name,
  dtype: z.enum(['float32', 'uint8', 'json']),
  shape,
  encoding: z.enum(['UInt8', 'Float16', 'Int8', 'Float32', 'RunLength', 'Json']),
  scale: z.int().min(-141).max(147).optional(),
  compression: z.enum(['none', 'zstd']),
  crc32c: count.max(0xffffffff),
  bytes: count,
  uncompressedBytes: count,
});

/** Every header: its type, whose message it is, what the type needs, and the sections of the body. */
function message<T extends string, F extends z.core.$ZodLooseShape>(type: T, fields: F) {
  const version = z.object({ major: count, minor: count });
  return z.object({
    type: z.literal(type),
    protocol: version,
    run: token,
    site: token,
    epoch: count,
    ...fields,
    tensors: z.array(section),
  });
}

const hello = message('hello', {
  manifest: z.object({
    count,
    size: z.int().min(1).max(65_536),
    channels: z.int().min(1).max(1024),
    classes: z.int().min(1).max(256),
    labels: z.enum(['Instances', 'Classes']),
    testCount: count,
  }),
  codecs: z.object({
    images: z.array(z.enum(IMAGE_CODECS)).min(1).max(8).readonly(),
    feedback: z.array(z.enum(FEEDBACK_CODECS)).min(1).max(8).readonly(),
  }),
  policyDigest: z.string().max(128),
  snapshots: z.array(count).max(1000).readonly(),
  experimentDigest: z.string().max(128).optional(),
});

const welcome = message('welcome', {
  siteIndex: count,
  codecs: z.object({ images: z.enum(IMAGE_CODECS), feedback: z.enum(FEEDBACK_CODECS) }),
});

const heartbeat = message('heartbeat', { leaving: z.boolean() });

const conditions = message('conditions', {
  part,
  size: z.int().min(1).max(65_536),
  keys: z.array(key).min(1),
});

const work = message('work', {
  iteration: count,
  generatorVersion: count,
  conditions: z.array(z.object({ key, top: count, left: count, rotate: z.literal([0, 1, 2, 3]), flip: z.boolean() })).readonly(),
  snapshot: z.boolean(),
});

const feedback = message('feedback', {
  iteration: count,
  generatorVersion: count,
  losses: z.record(name, z.number()),
  seconds: z.number().min(0),
  snapshotTaken: z.boolean(),
});

const control = message('control', {
  control: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('snapshot'), iteration: count }),
    z.object({ kind: z.literal('restore'), iteration: count }),
    z.object({ kind: z.literal('evaluate'), part, parameters: z.array(z.object({ name, shape })).optional() }),
    z.object({ kind: z.literal('stop'), reason: text }),
  ]),
});

const reply = message('reply', {
  reply: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('snapshot'), iteration: count }),
    z.object({ kind: z.literal('restore'), iteration: count }),
    z.object({ kind: z.literal('evaluate'), scores: z.object({ images: count }).catchall(z.number().nullable()) }),
    z.object({ kind: z.literal('stop') }),
  ]),
});

/** Heard: a heartbeat, or one message of a series and the next may come. */
const ack = message('ack', {});

const error = message('error', {
  code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
  message: text.optional(),
  retryable: z.boolean(),
});

const schema = z.discriminatedUnion('type', [hello, welcome, heartbeat, conditions, work, feedback, control, reply, ack, error]);

export type Header = z.infer<typeof schema>;
export type MessageType = Header['type'];
export type HeaderOf<T extends MessageType> = Extract<Header, { type: T }>;

/** Throws WireHeaderError that names the first wrong field. */
export function parseHeader(json: unknown): Header {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WireHeaderError(`header field ${issue?.path.join('.') || '(all)'}: ${issue?.message}`);
}
