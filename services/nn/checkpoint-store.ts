import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, PARTIAL, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { CheckpointDamagedError, StateMismatchError } from './errors.ts';

const KEEP = 3;
const NAME = /^(\d{8})\.ckpt$/;

/** The checkpoints of one party, one file an iteration in one folder; the newest three are kept. */
export class CheckpointStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Of a run that goes back, later checkpoints may still be there: they do not count. */
  async save(checkpoint: Checkpoint): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await writeCheckpoint(this.fileOf(checkpoint.iteration), checkpoint);
    const past = (await this.held()).filter((iteration) => iteration <= checkpoint.iteration);
    const outdated = past.slice(0, -KEEP).map((iteration) => this.fileOf(iteration));
    await Promise.all([...outdated, ...(await this.#leftovers())].map((file) => rm(file, { force: true })));
  }

  /** Removes what was kept after later iterations: the run has gone back, and may take another path. */
  async discardAfter(iteration: number): Promise<void> {
    const later = (await this.held()).filter((name) => name > iteration);
    await Promise.all(later.map((name) => rm(this.fileOf(name), { force: true })));
  }

  /** Iterations of which there is a file, whole or not, ascending. */
  async held(): Promise<number[]> {
    const names = await this.#entries();
    return names.flatMap((name) => (NAME.test(name) ? [Number(NAME.exec(name)![1])] : [])).sort((a, b) => a - b);
  }

  /** Iterations of which a whole checkpoint of this experiment is held, ascending; damaged files are told to `onDamaged` and left out. */
  async usable(experimentDigest: string, onDamaged: (error: CheckpointDamagedError) => void): Promise<number[]> {
    const iterations: number[] = [];
    for (const iteration of await this.held()) {
      try {
        await this.load(iteration, experimentDigest);
        iterations.push(iteration);
      } catch (error) {
        if (!(error instanceof CheckpointDamagedError)) throw error;
        onDamaged(error);
      }
    }
    return iterations;
  }

  /** Throws CheckpointDamagedError, and StateMismatchError where it belongs to another experiment. */
  async load(iteration: number, experimentDigest: string): Promise<Checkpoint> {
    const file = this.fileOf(iteration);
    const checkpoint = await readCheckpoint(file);
    if (checkpoint.experimentDigest !== experimentDigest)
      throw new StateMismatchError(`${file} belongs to an experiment with other settings`);
    return checkpoint;
  }

  fileOf(iteration: number): string {
    return join(this.directory, `${String(iteration).padStart(8, '0')}.ckpt`);
  }

  /** What a process that was killed while it wrote has left. */
  async #leftovers(): Promise<string[]> {
    return (await this.#entries()).filter((name) => name.endsWith(PARTIAL)).map((name) => join(this.directory, name));
  }

  async #entries(): Promise<string[]> {
    return readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }
}
