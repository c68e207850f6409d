import * as z from 'zod';
import { SummaryInvalidError } from './errors.ts';

const share = z.number().min(0).max(1);
const positive = z.number().min(0);

export const scoreSchema = z.strictObject({
  dice: share,
  aji: share,
  hd95: positive.describe('Pixels'),
  sensitivity: share,
  specificity: share,
});

const bySite = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

/** Scores of one trained segmenter on the real test images of the sites that have some. */
const resultSchema = z.strictObject({
  mean: scoreSchema.describe('Mean over the sites'),
  sites: bySite(scoreSchema),
});

/** summary.json, the numbers of a run; docs/summary.md explains each. */
export const summarySchema = z.strictObject({
  schema: z.literal('asyndgan.io/summary/v1'),
  backend: z.string(),
  versions: z.record(z.string(), z.string()),
  seed: z.int(),
  iterations: z.int().min(0),
  iterationsPerSecond: positive,
  seconds: z.object({ train: positive, synthesize: positive, evaluate: positive }).catchall(positive),
  bytesPerIteration: bySite(z.strictObject({ down: positive, up: positive })),
  segmentation: z.strictObject({
    asyndgan: resultSchema.nullable(),
    realAll: resultSchema.optional(),
    realSubset: bySite(resultSchema).optional(),
    synAll: resultSchema.optional(),
  }),
  frechetTexture: bySite(positive),
  parameters: z.strictObject({ generator: z.int(), discriminator: z.int() }),
  peakRssMB: positive,
  threads: z.int().min(1),
});

export type Summary = z.infer<typeof summarySchema>;
export type SegmentationResult = z.infer<typeof resultSchema>;

/** Checks the content of a summary.json; `file` is for the message. Throws SummaryInvalidError. */
export function parseSummary(content: unknown, file: string): Summary {
  const parsed = summarySchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new SummaryInvalidError(file, z.prettifyError(parsed.error), { cause: parsed.error });
}
