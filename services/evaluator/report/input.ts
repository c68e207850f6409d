import type { GridRow } from '../images/grid.ts';
import type { Summary } from '../summary.ts';
import type { LossPoint } from './loss-chart.ts';

/** All that a report is made of. Nothing in it may be a real image: a report is sent around. */
export interface ReportInput {
  /** Name of the experiment. */
  readonly name: string;
  readonly created: Date;
  /** All sites that trained, in the order of the experiment; those without a score have no test split. */
  readonly sites: readonly string[];
  readonly summary: Summary;
  /** The experiment as it was run. */
  readonly experimentYaml: string;
  readonly image: { readonly size: number; readonly channels: number };
  /** Synthetic images of the finished generator, a row per site; each row's cells are [size, size] (masks) and [size, size, channels]. */
  readonly samples: readonly GridRow[];
  /** The grids of samples/ as they were written during the run. */
  readonly sampleTimeline: readonly { readonly iteration: number; readonly png: Uint8Array }[];
  /** From the journal, in ascending order of iterations. */
  readonly losses: readonly LossPoint[];
  /** What one site would exchange in one iteration in the original's format: fp32 images down, fp32 gradients up. */
  readonly originalBytesPerIteration: { readonly down: number; readonly up: number };
}
