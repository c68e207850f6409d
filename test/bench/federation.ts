import { join } from 'node:path';
import type { JournalEntry } from '#generator';
import { median } from './child.ts';
import type { Benchmark } from './main.ts';
import { hubCheckpoint, inFolder, NO_RELEASE, runToEnd, writeDemo } from './run.ts';

/** Alternating repeats, so that both sides see the same machine. */
const REPEATS = 3;
const ITERATIONS = 60;
/** At the start graphs are made ready and the processes find each other. */
const SKIPPED = 10;
const COMPARED = 50;

const COLUMNS = ['s/iteration', 'sites at work', 'of them the longest', 'all else'];

/** Iterations per second of the demo as a hub and four site processes over NATS, against the same run in one process on the same cores. */
export const federation: Benchmark = ({ threads }) =>
  inFolder(async (folder) => {
    const limits = threads === null ? [] : ['--threads', String(threads)];
    const file = join(folder, 'demo.yaml');
    await writeDemo(file, { training: { iterations: ITERATIONS }, release: NO_RELEASE });
    const ways = { 'one process': limits, 'over NATS': [...limits, '--nats', 'embedded'] };
    const times = { 'one process': [] as Times[], 'over NATS': [] as Times[] };
    console.log(['median of each run'.padEnd(20), ...COLUMNS.map((name) => name.padStart(21))].join(''));
    for (let i = 0; i < REPEATS; i++) {
      for (const way of ['one process', 'over NATS'] as const) {
        const journal = await runToEnd(file, join(folder, `${way}-${i}`), ways[way]);
        const taken = timesOf(journal.slice(SKIPPED));
        times[way].push(taken);
        const cells = [taken.iteration, taken.sites, taken.longest, taken.rest].map((seconds) => seconds.toFixed(3).padStart(21));
        console.log([way.padEnd(20), ...cells].join(''));
      }
    }
    const of = (way: keyof typeof times) => median(times[way].map(({ iteration }) => iteration));
    const ratio = of('one process') / of('over NATS');
    const identical = await isIdentical(folder, ways);
    console.log(
      `after ${COMPARED} iterations with Float32 codecs the hub's checkpoints are ${identical ? 'the same, bit for bit' : 'DIFFERENT'}`,
    );
    return { ratio, identical };
  });

/** Seconds; medians over the iterations. */
interface Times {
  readonly iteration: number;
  /** Of all sites added up: one after the other in one process, side by side over NATS. */
  readonly sites: number;
  readonly longest: number;
  /** Generator, codecs, messages, waiting for a core: what the longest (side by side) or all sites (in turn) leave of the iteration. */
  readonly rest: number;
}

function timesOf(journal: readonly JournalEntry[]): Times {
  const over = (value: (entry: JournalEntry) => number) => median(journal.map(value));
  const siteSeconds = ({ sites }: JournalEntry) => Object.values(sites).map(({ seconds }) => seconds);
  const total = (entry: JournalEntry) => siteSeconds(entry).reduce((sum, seconds) => sum + seconds, 0);
  const longest = (entry: JournalEntry) => Math.max(...siteSeconds(entry));
  const atWork = (entry: JournalEntry) => (total(entry) < entry.seconds ? total(entry) : longest(entry));
  return {
    iteration: over(({ seconds }) => seconds),
    sites: over(total),
    longest: over(longest),
    rest: over((entry) => entry.seconds - atWork(entry)),
  };
}

async function isIdentical(folder: string, ways: Readonly<Record<string, readonly string[]>>): Promise<boolean> {
  const file = join(folder, 'float32.yaml');
  await writeDemo(file, { training: { iterations: COMPARED }, wire: { images: 'Float32', feedback: 'Float32' }, release: NO_RELEASE });
  const [one, other] = await Promise.all(
    Object.values(ways).map(async (args, i) => {
      const out = join(folder, `float32-${i}`);
      await runToEnd(file, out, args);
      return hubCheckpoint(out, COMPARED);
    }),
  );
  return one!.equals(other!);
}
