import { parseArgs } from 'node:util';
import { federation } from './federation.ts';
import { kills } from './kills.ts';
import { memory } from './memory.ts';
import { quality } from './quality.ts';
import { stall } from './stall.ts';
import { start } from './start.ts';
import { tracing } from './tracing.ts';
import { train } from './train.ts';
import { wire } from './wire.ts';

/** A benchmark prints a table for people and gives its numbers; their keys are a contract. */
export type Benchmark = (options: BenchmarkOptions) => Promise<Record<string, unknown>>;

export interface BenchmarkOptions {
  /** A Python that has torch; without it there is no comparison. */
  readonly peer: string | null;
  /** Runs with the seeds 1, 2, ...; null for the benchmark's own number. */
  readonly seeds: number | null;
  readonly threads: number | null;
  /** Kills. */
  readonly count: number;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = { train, memory, start, quality, federation, wire, kills, tracing, stall };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string' },
    seeds: { type: 'string' },
    threads: { type: 'string' },
    count: { type: 'string', default: '100' },
  },
});
const [name] = positionals;
const benchmark = BENCHMARKS[name ?? ''];
if (benchmark) {
  const options = {
    peer: values.peer ?? null,
    seeds: values.seeds ? Number(values.seeds) : null,
    threads: values.threads ? Number(values.threads) : null,
    count: Number(values.count),
  };
  console.log(JSON.stringify(await benchmark(options)));
} else {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHMARKS).join('|')} [--peer PYTHON] [--seeds N] [--threads N] [--count N]`);
  process.exitCode = 2;
}
