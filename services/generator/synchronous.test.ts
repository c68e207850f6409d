import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anExperiment } from '../../test/a-small-run.ts';
import type { Hub } from './hub.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { trainSynchronously } from './synchronous.ts';

interface Plan {
  readonly iterations: number;
  readonly checkpointEvery: number;
  readonly sampleEvery: number;
  readonly start?: number;
  /** Ctrl-C arrives while this iteration runs. */
  readonly abortAt?: number;
  /** Another hub, in parts. */
  readonly fake?: (events: string[], abort: AbortController) => object;
}

/** Trains with stand-ins; gives what was done, in order. */
async function trace({ start = 0, abortAt, fake, ...plan }: Plan): Promise<{ done: number; events: string[] }> {
  const events: string[] = [];
  const abort = new AbortController();
  const hub = {
    members: ['north'],
    cutDue: false,
    settle: async (t: number) => t,
    iterate: async (iteration: number, _sites: readonly string[], snapshot: boolean, signal: AbortSignal): Promise<JournalEntry> => {
      if (iteration === abortAt) abort.abort();
      assert.equal(signal.aborted, false, 'an iteration is finished, not broken off');
      events.push(`iterate ${iteration}${snapshot ? ' cut' : ''}`);
      return { iteration, seconds: 0, phases: {}, epoch: 1, sites: {} };
    },
    checkpoint: async (done: number) => void events.push(`hub keeps ${done}`),
    snapshotSites: async (done: number, signal: AbortSignal) => {
      assert.equal(signal.aborted, false);
      events.push(`sites keep ${done}`);
      return true;
    },
    ...fake?.(events, abort),
  } as unknown as Hub;
  const journal = { append: async ({ iteration }: JournalEntry) => void events.push(`journal ${iteration}`) } as unknown as Journal;
  const observer = {
    iterated: ({ iteration }: JournalEntry) => void events.push(`shown ${iteration}`),
    sampled: async (done: number) => void events.push(`sampled ${done}`),
  };
  const training = { ...anExperiment().spec.training, ...plan };
  const done = await trainSynchronously(hub, training, start, journal, observer, abort.signal);
  return { done, events };
}

test('an iteration is journalled and shown before its cut is kept, and the sites keep theirs with the iteration', async () => {
  const { done, events } = await trace({ iterations: 3, checkpointEvery: 2, sampleEvery: 2 });
  assert.equal(done, 3);
  assert.deepEqual(events, [
    ...['iterate 0', 'journal 0', 'shown 0', 'sampled 1'],
    ...['iterate 1 cut', 'journal 1', 'shown 1', 'hub keeps 2', 'sampled 2'],
    ...['iterate 2 cut', 'journal 2', 'shown 2', 'hub keeps 3', 'sampled 3'],
  ]);
});

test('cuts and samples are taken at multiples and at the end; a resumed run shows no start', async () => {
  const steps = fc.integer({ min: 1, max: 12 });
  await fc.assert(
    fc.asyncProperty(steps, steps, steps, fc.nat(12), async (iterations, checkpointEvery, sampleEvery, from) => {
      const start = Math.min(from, iterations);
      const { done, events } = await trace({ iterations, checkpointEvery, sampleEvery, start });
      assert.equal(done, iterations);
      const numbers = (word: string) => events.filter((event) => event.startsWith(word)).map((event) => Number(/\d+/.exec(event)![0]));
      const rest = Array.from({ length: iterations - start }, (_, i) => start + i + 1);
      const due = (every: number) => rest.filter((t) => t % every === 0 || t === iterations);
      assert.deepEqual(
        numbers('iterate'),
        Array.from({ length: iterations - start }, (_, i) => start + i),
      );
      assert.deepEqual(numbers('hub keeps'), due(checkpointEvery));
      assert.deepEqual(
        events.flatMap((event) => (event.endsWith(' cut') ? [Number(/\d+/.exec(event)![0]) + 1] : [])),
        due(checkpointEvery),
      );
      assert.deepEqual(
        numbers('sampled'),
        rest.filter((t) => t === 1 || due(sampleEvery).includes(t)),
      );
      assert.deepEqual(numbers('sites keep'), []);
    }),
  );
});

test('Ctrl-C finishes the iteration and keeps a cut everywhere, the sites first', async () => {
  const { done, events } = await trace({ iterations: 9, checkpointEvery: 5, sampleEvery: 9, abortAt: 2 });
  assert.equal(done, 3);
  assert.deepEqual(events.slice(-5), ['iterate 2', 'journal 2', 'shown 2', 'sites keep 3', 'hub keeps 3']);
});

test('Ctrl-C in an iteration that is a cut anyway takes no second one', async () => {
  const { done, events } = await trace({ iterations: 9, checkpointEvery: 5, sampleEvery: 9, abortAt: 4 });
  assert.equal(done, 5);
  assert.deepEqual(events.slice(-4), ['iterate 4 cut', 'journal 4', 'shown 4', 'hub keeps 5']);
});

test('Ctrl-C in the last iteration ends the training as done', async () => {
  const { done, events } = await trace({ iterations: 4, checkpointEvery: 5, sampleEvery: 9, abortAt: 3 });
  assert.equal(done, 4);
  assert.deepEqual(events.slice(-2), ['hub keeps 4', 'sampled 4']);
});

test('a run that was finished does nothing more', async () => {
  assert.deepEqual(await trace({ iterations: 4, checkpointEvery: 2, sampleEvery: 2, start: 4 }), { done: 4, events: [] });
});

const entry = (iteration: number): JournalEntry => ({ iteration, seconds: 0, phases: {}, epoch: 1, sites: {} });

test('an iteration in which a site was lost is asked again, and journalled once', async () => {
  let attempts = 0;
  const { events } = await trace({
    iterations: 1,
    checkpointEvery: 1,
    sampleEvery: 1,
    fake: (told) => ({
      settle: async (t: number) => {
        told.push(`settle ${t}`);
        return t;
      },
      iterate: async (t: number) => (++attempts < 3 ? null : entry(t)),
    }),
  });
  assert.deepEqual(events, ['settle 0', 'settle 0', 'settle 0', 'journal 0', 'shown 0', 'hub keeps 1', 'sampled 1']);
});

test('a run that is taken back does its iterations again', async () => {
  let back = false;
  const { done, events } = await trace({
    iterations: 3,
    checkpointEvery: 9,
    sampleEvery: 9,
    fake: () => ({
      settle: async (t: number) => {
        if (t !== 2 || back) return t;
        back = true;
        return 0;
      },
      iterate: async (t: number) => entry(t),
    }),
  });
  assert.equal(done, 3);
  assert.deepEqual(
    events.filter((event) => event.startsWith('journal')),
    [0, 1, 0, 1, 2].map((t) => `journal ${t}`),
  );
});

test('a change of those who take part is followed by a cut, unless a site is lost over it', async () => {
  const kept = [false, true];
  const { events } = await trace({
    iterations: 3,
    checkpointEvery: 9,
    sampleEvery: 9,
    fake: (told) => ({
      cutDue: true,
      iterate: async (t: number) => entry(t),
      snapshotSites: async (done: number) => {
        told.push(`sites keep ${done}`);
        return kept.shift();
      },
    }),
  });
  assert.deepEqual(
    events.filter((event) => event.includes('keep')),
    ['sites keep 1', 'sites keep 2', 'hub keeps 2', 'hub keeps 3'],
  );
});

test('Ctrl-C while the run waits for a site ends it', async () => {
  const { done, events } = await trace({
    iterations: 3,
    checkpointEvery: 9,
    sampleEvery: 9,
    fake: (_, abort) => ({
      settle: async (t: number) => {
        if (t === 0) return t;
        abort.abort();
        throw abort.signal.reason;
      },
      iterate: async (t: number) => entry(t),
    }),
  });
  assert.equal(done, 1);
  assert.ok(!events.some((event) => event.includes('keep')));
});
