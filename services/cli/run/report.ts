import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GridRow, renderReport, type Summary } from '#evaluator';
import type { Experiment } from '#experiment';
import type { Output } from './output.ts';
import { originalBytesPerIteration } from './summary.ts';
import { lossesOf } from './training.ts';

/** Writes summary.json, and report.html from the files of the run. samples: of the finished generator. */
export async function writeReport(
  experiment: Experiment,
  output: Output,
  summary: Summary,
  samples: readonly GridRow[],
  experimentYaml: string,
): Promise<void> {
  await writeFile(output.summary, `${JSON.stringify(summary, null, 2)}\n`);
  const report = renderReport({
    name: experiment.metadata.name,
    created: new Date(),
    sites: experiment.spec.sites.map(({ name }) => name),
    summary,
    experimentYaml,
    image: experiment.spec.model.image,
    samples,
    sampleTimeline: await timeline(output.samples),
    losses: await lossesOf(output.journal),
    originalBytesPerIteration: originalBytesPerIteration(experiment),
  });
  await writeFile(output.report, report);
}

async function timeline(samples: string): Promise<{ iteration: number; png: Uint8Array }[]> {
  const files = (await readdir(samples)).filter((name) => /^\d{8}\.png$/.test(name)).sort();
  return Promise.all(files.map(async (name) => ({ iteration: Number(name.slice(0, 8)), png: await readFile(join(samples, name)) })));
}
