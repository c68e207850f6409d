import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ReleaseCardError, ReleaseNotFoundError } from '../errors.ts';
import { scoreSchema } from '../summary.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const whole = z.int().min(0);

/** What a release is, where it comes from, and what was and was not done for the privacy of the sites' patients. */
const releaseCardSchema = z.strictObject({
  schema: z.literal('asyndgan.io/release-card/v1'),
  experiment: z.string(),
  digest: sha256.describe('SHA-256 of the experiment'),
  seed: whole,
  iterations: whole.describe('Iterations that the generator was trained for'),
  generator: z.strictObject({ checkpoint: sha256.describe('SHA-256 of the checkpoint file') }),
  created: z.iso.datetime(),
  versions: z.record(z.string(), z.string()),
  image: z.strictObject({ size: whole, channels: z.int().min(1).max(4) }),
  labels: z.strictObject({ kind: z.enum(['Instances', 'Classes']), classes: z.int().min(2).max(32) }),
  count: whole.max(1_000_000),
  sites: z
    .array(
      z.strictObject({
        name: z.string(),
        count: whole.describe('Images in the style of this site'),
        masks: z.enum(['Shared']).describe("What the site's policy allowed for its label maps"),
      }),
    )
    .max(256),
  privacy: z.strictObject({
    differentialPrivacy: z.boolean(),
    pairedTerms: z.boolean().describe('Whether a loss compared a synthetic image with the real image of its label map'),
    notes: z.array(z.string()),
  }),
  scores: scoreSchema
    .nullable()
    .describe("Mean over the sites' real test images of a segmenter trained on this release alone; null until it is scored"),
  files: z.strictObject({
    count: whole,
    bytes: whole,
    listing: z.literal('SHA256SUMS'),
    sha256: sha256.describe('SHA-256 of the listing, which has the SHA-256 of every other file'),
  }),
});

export type ReleaseCard = z.infer<typeof releaseCardSchema>;

/** Reads card.json alone; nothing is checked against it. Throws ReleaseNotFoundError or ReleaseCardError. */
export async function readCard(directory: string): Promise<ReleaseCard> {
  const file = join(directory, 'card.json');
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new ReleaseNotFoundError(directory, { cause });
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ReleaseCardError(file, 'it is not JSON', { cause });
  }
  const parsed = releaseCardSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ReleaseCardError(file, z.prettifyError(parsed.error), { cause: parsed.error });
}

/** Writes card.json under a temporary name and renames it, so that a reader never sees half a card. */
export async function writeCard(directory: string, card: ReleaseCard): Promise<void> {
  const file = join(directory, 'card.json');
  await writeFile(`${file}.partial`, `${JSON.stringify(card, null, 2)}\n`);
  await rename(`${file}.partial`, file);
}

/** Puts the scores of a segmenter, which can only be known once the release exists, into its card. */
export async function recordScores(directory: string, scores: NonNullable<ReleaseCard['scores']>): Promise<void> {
  await writeCard(directory, { ...(await readCard(directory)), scores });
}
