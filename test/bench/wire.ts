import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadExperiment } from '#experiment';
import { startNatsServer } from '#wire';
import { freePort } from '../wire/nats-server.ts';
import type { Benchmark } from './main.ts';
import { asyndgan, DEMO, inFolder, journalOf, writeDemo } from './run.ts';

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
 * connections, heartbeats included. The original's format: float32 images down, float32 gradients up, without its label maps.
 */
export const wire: Benchmark = () =>
  inFolder(async (folder) => {
    const { training, model } = (await loadExperiment(DEMO)).spec;
    const original = 2 * 4 * training.batchSize * training.cropSize ** 2 * model.image.channels;
    console.log(`bytes for each iteration and site       down        up       sum     ratio     sum as the journal says`);
    console.log(`${"original's format".padEnd(34)}${[original / 2, original / 2, original].map(cell).join('')}${'1.00'.padStart(10)}`);
    const measured = {} as Record<Name, number>;
    for (const name of Object.keys(CODECS) as Name[]) {
      const { images, feedback } = CODECS[name];
      const { down, up, ours } = await measure(folder, name);
      measured[name] = down + up;
      const label = `${images} down, ${feedback} up`.padEnd(34);
      console.log(`${label}${[down, up, down + up].map(cell).join('')}${(original / (down + up)).toFixed(2).padStart(10)}${cell(ours)}`);
    }
    const bytesPerIteration = { original, default: Math.round(measured.default), int8: Math.round(measured.int8) };
    return { bytesPerIteration, ratio: { default: original / measured.default, int8: original / measured.int8 } };
  });

async function measure(folder: string, name: Name): Promise<{ down: number; up: number; ours: number }> {
  const file = join(folder, `${name}.yaml`);
  const out = join(folder, name);
  await writeDemo(file, { wire: CODECS[name] });
  const monitoring = await freePort();
  const server = await startNatsServer({ config: `http: 127.0.0.1:${monitoring}` });
  const run = asyndgan(['run', file, '--out', out, '--nats', server.url]);
  try {
    const sites = (await loadExperiment(file)).spec.sites.map((site) => site.name);
    await reached(out, FROM, run.ended);
    const before = await siteTraffic(monitoring, sites);
    await reached(out, TO, run.ended);
    const after = await siteTraffic(monitoring, sites);
    await run.ended;
    const works = after.works - before.works;
    const journal = (await journalOf(out)).slice(FROM, TO).flatMap((entry) => Object.values(entry.sites).map(({ bytes }) => bytes));
    return {
      down: (after.down - before.down) / works,
      up: (after.up - before.up) / works,
      ours: journal.reduce((sum, { down, up }) => sum + down + up, 0) / journal.length,
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

/** Of all sites together; `in` and `out` are the server's view. */
async function siteTraffic(monitoring: number, sites: readonly string[]): Promise<Traffic> {
  const response = await fetch(`http://127.0.0.1:${monitoring}/connz`);
  const { connections } = (await response.json()) as { connections: Connection[] };
  const ofSites = connections.filter(({ name }) => sites.some((site) => name.endsWith(`-${site}-data`) || name.endsWith(`-${site}-ctl`)));
  if (ofSites.length !== 2 * sites.length) throw new Error(`${ofSites.length} connections of ${sites.length} sites: two each are expected`);
  const sum = (value: (connection: Connection) => number, some = ofSites) => some.reduce((total, each) => total + value(each), 0);
  return {
    down: sum(({ out_bytes }) => out_bytes),
    up: sum(({ in_bytes }) => in_bytes),
    works: sum(
      ({ in_msgs }) => in_msgs,
      ofSites.filter(({ name }) => name.endsWith('-data')),
    ),
  };
}

/** Resolves when the journal has so many iterations; rejects when the run ends before. */
async function reached(out: string, iterations: number, ended: Promise<void>): Promise<void> {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  while ((await journalOf(out)).length < iterations) {
    if (over) throw new Error(`the run has ended before iteration ${iterations}`);
    await Promise.race([sleep(50), end]);
  }
}

const cell = (value: number): string => value.toFixed(0).padStart(10);
