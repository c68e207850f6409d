import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadExperiment } from '#experiment';
import { startNatsServer } from '#wire';
import { aProxy } from '../wire/proxy.ts';
import type { Benchmark } from './main.ts';
import { residentMb } from './processes.ts';
import { asyndgan, type Command, inFolder, journalOf, NO_RELEASE, writeDemo } from './run.ts';

const SECONDS = 60;
const ONE_MBIT = 1e6 / 8;
/** Iterations before the first look at the memory: by then the hub has all that it needs once. */
const WARM = 100;
const PARTY = { ASYNDGAN_THREADS: '1', ASYNDGAN_SHARDS: '1', ASYNDGAN_HTTP_PORT: '-1' };

/** Resident memory of the hub while one of the demo's sites is stopped (SIGSTOP) for a minute, and while that site's network carries 1 Mbit/s. */
export const stall: Benchmark = () =>
  inFolder(async (folder) => {
    const file = join(folder, 'demo.yaml');
    await writeDemo(file, { training: { iterations: 1_000_000 }, release: NO_RELEASE });
    const server = await startNatsServer();
    const ends: (() => unknown)[] = [];
    const proxy = await aProxy({ after: (end: () => unknown) => void ends.push(end) }, server.port);
    const env = { ...PARTY, ASYNDGAN_NATS_URL: server.url, ASYNDGAN_STATE: join(folder, 'run') };
    const [slow, ...others] = (await loadExperiment(file)).spec.sites.map(({ name }) => name);
    const site = (name: string, url = server.url) =>
      asyndgan(['discriminator', '--config', file, '--site', name], { ...env, ASYNDGAN_NATS_URL: url });
    const hub = asyndgan(['generator', '--config', file], env);
    const behindProxy = site(slow!, `nats://127.0.0.1:${proxy.port}`);
    const parties = [hub, behindProxy, ...others.map((name) => site(name))];
    try {
      const iterations = async () => (await journalOf(join(folder, 'run'))).length;
      while ((await iterations()) < WARM) await Promise.race([sleep(200), ...parties.map(({ ended }) => ended)]);
      console.log('hub, resident MB             before   largest     after   iterations meanwhile');
      const watch = (name: string, change: () => void, back: () => void) => watched(name, hub, iterations, change, back);
      const growth = [
        await watch(
          'nothing happens',
          () => {},
          () => {},
        ),
        await watch(
          'a site is stopped',
          () => void process.kill(behindProxy.pid, 'SIGSTOP'),
          () => void process.kill(behindProxy.pid, 'SIGCONT'),
        ),
        await watch(
          'a site at 1 Mbit/s',
          () => proxy.limit(ONE_MBIT),
          () => proxy.limit(null),
        ),
      ];
      return { hubRssGrowthMB: Math.max(...growth.slice(1)), ofItself: growth[0] };
    } finally {
      await Promise.all(parties.map((party) => party.stop().catch(() => {})));
      for (const end of ends) end();
      await server.stop();
    }
  });

/** Looks at the hub for a minute after `change`, and again ten seconds after `back`; gives the largest growth in MB. */
async function watched(
  name: string,
  hub: Command,
  iterations: () => Promise<number>,
  change: () => void,
  back: () => void,
): Promise<number> {
  const [before, from] = [await residentMb(hub.pid), await iterations()];
  change();
  let largest = before;
  for (let second = 0; second < SECONDS; second++) {
    await sleep(1000);
    largest = Math.max(largest, await residentMb(hub.pid));
  }
  const done = (await iterations()) - from;
  back();
  await sleep(10_000);
  const cells = [before, largest, await residentMb(hub.pid)].map((mb) => mb.toFixed(1).padStart(10));
  console.log(`${name.padEnd(25)}${cells.join('')}${String(done).padStart(23)}`);
  return Math.round(10 * (largest - before)) / 10;
}
