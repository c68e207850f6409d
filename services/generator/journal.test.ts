import assert from 'node:assert/strict';
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../../test/a-small-run.ts';
import { Journal, type JournalEntry, readJournal } from './journal.ts';

const entry = (iteration: number, seconds = 0.5): JournalEntry => ({
  iteration,
  seconds,
  phases: {},
  epoch: 1,
  sites: { north: { losses: { discriminator: 1.5, generator: -0.25 }, seconds: 0.125, bytes: { down: 900, up: 700 } } },
});

async function aJournal(t: TestContext, iterations: number): Promise<string> {
  const path = join(await temporaryFolder(t), 'run/journal.jsonl');
  await append(path, 0, ...Array.from({ length: iterations }, (_, i) => entry(i)));
  return path;
}

async function append(path: string, start: number, ...entries: JournalEntry[]): Promise<void> {
  const journal = await Journal.open(path);
  await journal.cutBack(start);
  for (const each of entries) await journal.append(each);
  await journal.close();
}

const iterationsOf = async (path: string) => (await readJournal(path)).map(({ iteration }) => iteration);

test('what was appended is read, a line each', async (t) => {
  const path = await aJournal(t, 3);
  assert.deepEqual(await readJournal(path), [entry(0), entry(1), entry(2)]);
  assert.equal((await readFile(path, 'utf8')).split('\n').length, 4);
});

test('an entry can be read as soon as it is appended', async (t) => {
  const path = await aJournal(t, 0);
  const journal = await Journal.open(path);
  await journal.append(entry(0));
  assert.deepEqual(await iterationsOf(path), [0]);
  await journal.close();
});

test('no file is an empty journal', async (t) => {
  assert.deepEqual(await readJournal(join(await temporaryFolder(t), 'none.jsonl')), []);
});

test('a run that goes on from an earlier cut does its iterations again: their entries are replaced', async (t) => {
  const path = await aJournal(t, 5);
  await append(path, 3, entry(3, 9), entry(4, 9));
  assert.deepEqual(await readJournal(path), [entry(0), entry(1), entry(2), entry(3, 9), entry(4, 9)]);
});

test('a last line that a crash cut short is left out, wherever it was cut', async (t) => {
  const path = await aJournal(t, 2);
  const { length } = await readFile(path);
  const line = length / 2;
  for (let cut = 1; cut <= line; cut++) {
    await truncate(path, length - cut);
    assert.deepEqual(await iterationsOf(path), [0]);
  }
  await append(path, 1, entry(1));
  assert.deepEqual(await iterationsOf(path), [0, 1]);
});

test('what was torn off is not continued: the next entry is a line of its own', async (t) => {
  const path = await aJournal(t, 3);
  await appendFile(path, '{"iteration":3,"sec');
  await append(path, 3, entry(3));
  assert.deepEqual(await iterationsOf(path), [0, 1, 2, 3]);
});

test('the journal knows who took part, also after it was cut back and opened again', async (t) => {
  const path = await aJournal(t, 4);
  const journal = await Journal.open(path);
  assert.equal(journal.participation.length, 4);
  await journal.cutBack(2);
  await journal.append({ ...entry(2), sites: {} });
  await journal.close();
  const again = await Journal.open(path);
  const { participation } = again;
  assert.deepEqual([participation.length, participation.tookPart('north', 1), participation.tookPart('north', 2)], [3, true, false]);
  await again.close();
});

test('a line within the journal that is no entry is not passed over in silence', async (t) => {
  const path = await aJournal(t, 1);
  await appendFile(path, 'rubbish\n');
  await assert.rejects(readJournal(path));
});

test('a damaged line is told with its number', async (t) => {
  const path = await aJournal(t, 2);
  await appendFile(path, '{"iteration": 2,\n');
  await assert.rejects(readJournal(path), { code: 'HUB_JOURNAL_DAMAGED', message: /journal\.jsonl: line 3 is damaged/ });
});
