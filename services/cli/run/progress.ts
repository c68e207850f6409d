import type { WriteStream } from 'node:tty';

const BAR_WIDTH = 24;
const LINE_EVERY_MS = 5000;
const REDRAW_EVERY_MS = 100;

/** Shows how far a stage is: a bar that is redrawn on a terminal, otherwise a line every few seconds. */
export class Progress {
  readonly #stream: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };
  readonly #now: () => number;
  #stage = '';
  #total = 0;
  #startedAt = 0;
  #startedFrom = 0;
  #shownAt = 0;
  #open = false;

  constructor(stream: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number }, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Begins a stage of `total` steps, of which `from` are done. */
  start(stage: string, total: number, from = 0): void {
    this.finish();
    this.#stage = stage;
    this.#total = total;
    this.#startedFrom = from;
    this.#startedAt = this.#now();
    this.#shownAt = this.#startedAt;
  }

  /** `done` steps are done; `detail`: losses and the like. */
  update(done: number, detail = ''): void {
    const now = this.#now();
    const last = done === this.#total;
    if (now - this.#shownAt < (this.#stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS) && !last) return;
    this.#shownAt = now;
    const rate = (done - this.#startedFrom) / Math.max((now - this.#startedAt) / 1000, 1e-9);
    const left = (this.#total - done) / Math.max(rate, 1e-9);
    const facts = [`${done}/${this.#total}`, `${rate.toPrecision(3)} it/s`, detail, last ? '' : `${duration(left)} left`]
      .filter(Boolean)
      .join('  ');
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#stage}: ${facts}\n`);
      return;
    }
    const filled = Math.round((BAR_WIDTH * done) / this.#total);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    this.#stream.write(`\r\x1b[2K${`${this.#stage} ${bar} ${facts}`.slice(0, (this.#stream.columns ?? 120) - 1)}`);
    this.#open = true;
  }

  /** A line of its own, above the bar. */
  say(line: string): void {
    this.finish();
    this.#stream.write(`${line}\n`);
  }

  /** Ends the bar's line. */
  finish(): void {
    if (this.#open) this.#stream.write('\n');
    this.#open = false;
  }
}

/** '45 s', '2 min 05 s', '3 h 12 min' */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
