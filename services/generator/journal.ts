import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Phase } from '#telemetry';
import { JournalDamagedError } from './errors.ts';
import { Participation } from './participation.ts';

/** What happened in one iteration; one line of journal.jsonl. */
export interface JournalEntry {
  readonly iteration: number;
  readonly seconds: number;
  /** Of its parts, by name: forward, exchange, update, ... */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
  /** Of the hub that did it. */
  readonly epoch: number;
  /** Sites that began this iteration from another state than the one that they had after the last: of that iteration, null for their seed. */
  readonly joined?: Readonly<Record<string, number | null>>;
  /** The sites that took part, with what they reported and what crossed the channel for them. */
  readonly sites: Readonly<
    Record<
      string,
      {
        readonly losses: Readonly<Record<string, number>>;
        readonly seconds: number;
        readonly bytes: { readonly down: number; readonly up: number };
      }
    >
  >;
}

/** The run's journal: one JSON object a line, one line an iteration. What is rolled back is cut off. */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly participation = new Participation();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens or makes the file; a last line that a crash cut short is dropped. */
  static async open(path: string): Promise<Journal> {
    await mkdir(dirname(path), { recursive: true });
    const journal = new Journal(path, await open(path, 'a'));
    for (const { sites } of await readJournal(path)) journal.participation.add(Object.keys(sites));
    await journal.cutBack(journal.participation.length);
    return journal;
  }

  async append(entry: JournalEntry): Promise<void> {
    await this.#file.writeFile(lineOf(entry));
    this.participation.add(Object.keys(entry.sites));
  }

  /** Keeps the first `iterations` entries: the others will be done again. */
  async cutBack(iterations: number): Promise<void> {
    const bytes = await readFile(this.#path);
    let end = 0;
    for (let line = 0; line < iterations; line++) end = bytes.indexOf('\n', end) + 1;
    await this.#file.truncate(end);
    this.participation.cutBack(iterations);
  }

  /** What was appended outlives the machine. */
  async flush(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** All whole lines; a last line that a crash cut short is left out. Empty where there is no file. */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, i) => {
      try {
        return JSON.parse(line) as JournalEntry;
      } catch (cause) {
        throw new JournalDamagedError(path, i + 1, cause);
      }
    });
}

const lineOf = (entry: JournalEntry): string => `${JSON.stringify(entry)}\n`;
