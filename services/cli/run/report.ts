import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderReport, type Summary } from '#evaluator';
import type { Federation } from './federation.ts';
import type { Output } from './output.ts';
import { originalBytesPerIteration } from './summary.ts';
import { lossesOf, sampleRows } from './training.ts';

/** Writes report.html from the files of the run. */
export async function writeReport(output: Output, summary: Summary, federation: Federation, experimentYaml: string): Promise<void> {
  const { experiment } = federation;
  const report = renderReport({
    name: experiment.metadata.name,
    created: new Date(),
    sites: experiment.spec.sites.map(({ name }) => name),
    summary,
    experimentYaml,
    image: experiment.spec.model.image,
    samples: sampleRows(federation),
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
