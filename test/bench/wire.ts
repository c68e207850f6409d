import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSummary } from '#evaluator';
import { type Experiment, loadExperiment } from '#experiment';
import { startNatsServer } from '#wire';
import { freePort } from '../wire/nats-server.ts';
import type { Benchmark } from './main.ts';
import { asyndgan, inFolder, journalOf, writeDemo } from './run.ts';

/** Between them the traffic is measured: no site joins or leaves, and the networks have left their first state. */
const FROM = 20;
const TO = 380;

const CODECS = {
  default: { images: 'UInt8', feedback: 'Float16' },
  int8: { images: 'UInt8', feedback: 'Int8' },
  float32: { images: 'Float32', feedback: 'Float32' },
} as const;
type Name = keyof typeof CODECS;

/**
 * Bytes that one site and the hub exchange in an iteration of the demo, as nats-server counts them: payloads and headers of the site's two
 * connections, heartbeats included. The original's format: float32 images down, float32 gradients up; its label maps are left out, our
 * references to label maps are in. Beside them what the run is worth: Dice of the segmenter trained on its release.
 */
export const wire: Benchmark = ({ seeds }) =>
  inFolder(async (folder) => {
    console.log(`bytes for each iteration and site    seed      down        up       sum     ratio  by our count      Dice`);
    const means = {} as Record<Name, number>;
    let original = 0;
    for (const name of Object.keys(CODECS) as Name[]) {
      const file = join(folder, `${name}.yaml`);
      await writeDemo(file, { wire: CODECS[name] });
      const experiment = await loadExperiment(file);
      original = originalBytes(experiment);
      const sums: number[] = [];
      for (let seed = 1; seed <= (seeds ?? 1); seed++) {
        const { down, up, ours, dice } = await measure(experiment, file, join(folder, `${name}-${seed}`), seed);
        sums.push(down + up);
        const cells = [down, up, down + up].map((bytes) => bytes.toFixed(0).padStart(10)).join('');
        const ratio = (original / (down + up)).toFixed(2).padStart(10);
        const label = `${CODECS[name].images} down, ${CODECS[name].feedback} up`.padEnd(37);
        console.log(`${label}${String(seed).padStart(4)}${cells}${ratio}${ours.toFixed(0).padStart(14)}${dice.toFixed(3).padStart(10)}`);
      }
      means[name] = sums.reduce((total, sum) => total + sum, 0) / sums.length;
    }
    console.log(`${"the original's format".padEnd(61)}${String(original).padStart(10)}${'1.00'.padStart(10)}`);
    const bytesPerIteration = { original, ...Object.fromEntries(Object.entries(means).map(([name, sum]) => [name, Math.round(sum)])) };
    return { bytesPerIteration, ratio: Object.fromEntries(Object.entries(means).map(([name, sum]) => [name, original / sum])) };
  });

const originalBytes = ({ spec: { training, model } }: Experiment): number =>
  2 * 4 * training.batchSize * training.cropSize ** 2 * model.image.channels;

async function measure(experiment: Experiment, file: string, out: string, seed: number) {
  const sites = experiment.spec.sites.map(({ name }) => name);
  const monitoring = await freePort();
  const server = await startNatsServer({ config: `http: 127.0.0.1:${monitoring}` });
  const run = asyndgan(['run', file, '--out', out, '--nats', server.url, '--seed', String(seed)]);
  try {
    await reached(out, FROM, run.ended);
    const before = await siteTraffic(monitoring, sites);
    await reached(out, TO, run.ended);
    const after = await siteTraffic(monitoring, sites);
    await run.ended;
    const works = after.works - before.works;
    const counted = (await journalOf(out)).slice(FROM, TO).flatMap((entry) => Object.values(entry.sites).map(({ bytes }) => bytes));
    const summary = join(out, 'summary.json');
    return {
      down: (after.down - before.down) / works,
      up: (after.up - before.up) / works,
      ours: counted.reduce((sum, { down, up }) => sum + down + up, 0) / counted.length,
      dice: parseSummary(JSON.parse(await readFile(summary, 'utf8')), summary).segmentation.asyndgan!.mean.dice,
    };
  } finally {
    await run.stop();
    await server.stop();
  }
}

interface Traffic {
  readonly down: number;
  readonly up: number;
  /** Messages that have come up the data connections: one for each work. */
  readonly works: number;
}

interface Connection {
  readonly name: string;
  readonly in_msgs: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
}

/** Of all sites together; the server's `out` is down. */
async function siteTraffic(monitoring: number, sites: readonly string[]): Promise<Traffic> {
  const { connections } = (await (await fetch(`http://127.0.0.1:${monitoring}/connz`)).json()) as { connections: Connection[] };
  const ofLine = (line: string) => connections.filter(({ name }) => sites.some((site) => name.endsWith(`-${site}-${line}`)));
  const data = ofLine('data');
  const both = [...data, ...ofLine('ctl')];
  if (both.length !== 2 * sites.length)
    throw new Error(`nats-server has ${both.length} connections of ${sites.length} sites, not two of each`);
  const sum = (some: readonly Connection[], of: 'in_msgs' | 'in_bytes' | 'out_bytes') => some.reduce((total, each) => total + each[of], 0);
  return { down: sum(both, 'out_bytes'), up: sum(both, 'in_bytes'), works: sum(data, 'in_msgs') };
}

/** Resolves when the journal has so many iterations; rejects when the run ends before. */
async function reached(out: string, iterations: number, ended: Promise<void>): Promise<void> {
  const over = ended.then(() => Promise.reject(new Error(`the run has ended before iteration ${iterations}`)));
  over.catch(() => {});
  while ((await journalOf(out)).length < iterations) await Promise.race([sleep(50), over]);
}
