import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JournalDamagedError } from './errors.ts';

/** What happened in one iteration; one line of journal.jsonl. */
export interface JournalEntry {
  readonly iteration: number;
  readonly seconds: number;
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

/** The run's journal: append only, one JSON object a line. */
export class Journal {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens or makes the file and drops what was written for iterations from `start` on (they will be done again). */
  static async open(path: string, start: number): Promise<Journal> {
    const kept = (await readJournal(path)).filter((entry) => entry.iteration < start);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.partial`, kept.map(lineOf).join(''));
    await rename(`${path}.partial`, path);
    return new Journal(await open(path, 'a'));
  }

  async append(entry: JournalEntry): Promise<void> {
    await this.#file.writeFile(lineOf(entry));
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
