import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadExperiment } from '#experiment';
import { Random } from '#nn';
import { type RunningNatsServer, startNatsServer } from '#wire';
import type { Benchmark } from './main.ts';
import { HUB, partiesOf } from './processes.ts';
import { asyndgan, hubCheckpoint, inFolder, journalOf, NO_RELEASE, runToEnd, writeDemo } from './run.ts';

const SEED = 1;
const SERVER = 'nats-server';
/** Between two kills, exponential: often less than it takes everybody to come back. */
const MEAN_PAUSE_SECONDS = 2;
/** So many that the last kill still finds a run. */
const ITERATIONS_PER_KILL = 60;

/** The demo's sites and data, with networks so small that an iteration takes some ten milliseconds. */
const SMALL = {
  model: { generator: { filters: 4, blocks: 1, siteCapacity: 16, latentChannels: 4 }, discriminator: { filters: 4, layers: 2 } },
  training: { batchSize: 1, cropSize: 32, checkpointEvery: 5, sampleEvery: 1_000_000 },
};

/** Kills the hub, a site or nats-server at random moments of one run, all with the same chance; its end is held against the run undisturbed. */
export const kills: Benchmark = ({ count }) =>
  inFolder(async (folder) => {
    const iterations = ITERATIONS_PER_KILL * count;
    const file = join(folder, 'small.yaml');
    await writeDemo(file, { ...SMALL, training: { ...SMALL.training, iterations }, release: NO_RELEASE });
    const calm = await timed(() => runToEnd(file, join(folder, 'calm'), ['--nats', 'embedded']));
    const disturbed = await timed(() => runAndKill(file, join(folder, 'disturbed'), count));
    const [expected, actual] = await Promise.all(['calm', 'disturbed'].map((out) => hubCheckpoint(join(folder, out), iterations)));
    const identical = expected!.equals(actual!);
    const secondsPerKill = (disturbed.seconds - calm.seconds) / disturbed.result;
    console.log(
      `${iterations} iterations take ${calm.seconds.toFixed(0)} s; with ${disturbed.result} kills ${disturbed.seconds.toFixed(0)} s`,
    );
    console.log(
      `${secondsPerKill.toFixed(1)} s of wall time for each kill; the last checkpoint is ${identical ? 'the same, bit for bit' : 'DIFFERENT'}`,
    );
    return { kills: disturbed.result, identical, secondsPerKill };
  });

/** Gives the number of kills: fewer than `count` if the run ends before. */
async function runAndKill(file: string, out: string, count: number): Promise<number> {
  const random = new Random('kills', SEED);
  const targets = [SERVER, HUB, ...(await loadExperiment(file)).spec.sites.map(({ name }) => name)];
  let server = await startNatsServer();
  const run = asyndgan(['run', file, '--out', out, '--nats', server.url]);
  const began = performance.now();
  const over = run.ended.then(() => true);
  let killed = 0;
  try {
    console.log('kill   after s  iteration  who');
    while (killed < count) {
      const pause = -1000 * MEAN_PAUSE_SECONDS * Math.log(1 - random.uniform());
      if (await Promise.race([over, sleep(pause, false)])) break;
      const target = targets[random.integer(targets.length)]!;
      const pid = (await partiesOf(run.pid)).get(target);
      if (target !== SERVER && pid === undefined) continue; // it is not running: it was killed a moment ago
      const iteration = (await journalOf(out)).length;
      if (target === SERVER) server = await killAndRestart(server);
      else process.kill(pid!, 'SIGKILL');
      killed++;
      const after = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${String(killed).padStart(4)}${after.padStart(10)}${String(iteration).padStart(11)}  ${target}`);
    }
    await run.ended;
    return killed;
  } finally {
    await run.stop();
    await server.stop();
  }
}

async function killAndRestart(server: RunningNatsServer): Promise<RunningNatsServer> {
  await server.stop('SIGKILL');
  return startNatsServer({ port: server.port });
}

async function timed<T>(act: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const began = performance.now();
  const result = await act();
  return { result, seconds: (performance.now() - began) / 1000 };
}
