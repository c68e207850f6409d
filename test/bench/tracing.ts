import { join } from 'node:path';
import { startReceiver } from '../telemetry/otlp-receiver.ts';
import { median } from './child.ts';
import type { Benchmark } from './main.ts';
import { inFolder, NO_RELEASE, runToEnd, writeDemo } from './run.ts';

/** Alternating repeats, so that both sides see the same machine. */
const REPEATS = 3;
const ITERATIONS = 60;
const SKIPPED = 10;

/** Iterations per second of the demo over NATS with traces, metrics and logs sent to a collector, against the same without. */
export const tracing: Benchmark = () =>
  inFolder(async (folder) => {
    const file = join(folder, 'demo.yaml');
    await writeDemo(file, { training: { iterations: ITERATIONS }, release: NO_RELEASE });
    const off: number[] = [];
    const on: number[] = [];
    let spans = 0;
    console.log('s/iteration off        on     spans');
    for (let i = 0; i < REPEATS; i++) {
      off.push(await secondsPerIteration(file, join(folder, `off-${i}`), []));
      const collector = await startReceiver();
      on.push(await secondsPerIteration(file, join(folder, `on-${i}`), ['--otlp', collector.endpoint]));
      collector.close();
      const received = collector.spans().length;
      if (received === 0) throw new Error('no span has come to the collector: there is nothing to compare');
      spans += received;
      console.log(`${off.at(-1)!.toFixed(3).padStart(15)}${on.at(-1)!.toFixed(3).padStart(10)}${String(received).padStart(10)}`);
    }
    return { ratio: median(off) / median(on), spansPerIteration: spans / REPEATS / ITERATIONS };
  });

async function secondsPerIteration(file: string, out: string, args: readonly string[]): Promise<number> {
  const journal = await runToEnd(file, out, ['--nats', 'embedded', ...args]);
  return median(journal.slice(SKIPPED).map(({ seconds }) => seconds));
}
