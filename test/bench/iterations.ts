/** Child process: trains a federation for some iterations; the last line is {iterationsPerSecond, peakRssMb, rssMb, handles}. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeFor, openFederation, openSiteData } from '#cli';
import { loadExperiment } from '#experiment';
import { median } from './child.ts';

export interface IterationsInput {
  readonly file: string;
  readonly threads: number;
  readonly warm: number;
  readonly iterations: number;
}

export interface IterationsResult {
  readonly iterationsPerSecond: number;
  readonly peakRssMb: number;
  /** Resident memory every 100 iterations, the first after the warm-up; native tensors held at the same moments. */
  readonly rssMb: number[];
  readonly handles: number[];
}

const { file, threads, warm, iterations } = JSON.parse(process.argv[2]!) as IterationsInput;
const loaded = await loadExperiment(file);
const experiment = { ...loaded, spec: { ...loaded.spec, training: { ...loaded.spec.training, iterations: warm + iterations } } };
const data = await openSiteData(experiment, file);
const { native, shards } = nativeFor(experiment, threads);
const directory = await mkdtemp(join(tmpdir(), 'asyndgan-bench-'));
const federation = await openFederation(experiment, data, {
  native,
  shards,
  directory,
  journal: join(directory, 'journal.jsonl'),
  events: join(directory, 'events.jsonl'),
  perceptualWeights: null,
  onDamaged: () => {},
});
const never = new AbortController().signal;
const seconds: number[] = [];
const rssMb: number[] = [];
const handles: number[] = [];
for (let t = 0; t < warm + iterations; t++) {
  if (t >= warm && (t - warm) % 100 === 0) {
    globalThis.gc?.();
    rssMb.push(process.memoryUsage.rss() / 2 ** 20);
    handles.push(federation.liveHandles());
  }
  const entry = await federation.hub.iterate(t, federation.hub.members, false, never);
  if (t >= warm && entry) seconds.push(entry.seconds);
}
rssMb.push(process.memoryUsage.rss() / 2 ** 20);
handles.push(federation.liveHandles());
await federation.close();
await rm(directory, { recursive: true });
const result: IterationsResult = {
  iterationsPerSecond: 1 / median(seconds),
  peakRssMb: process.resourceUsage().maxRSS / 1024,
  rssMb,
  handles,
};
console.log(JSON.stringify(result));
