import { sampleBytes, type Target, toSamples } from './prepare.ts';
import type { Unit } from './scan.ts';
import type { Sample } from './types.ts';

/** Prepared samples, least recently used units dropped first. A unit larger than the capacity is held alone until the next one. */
export class SampleCache {
  readonly #target: Target;
  readonly #capacity: number;
  /** In the order of use. */
  readonly #held = new Map<Unit, { samples: Promise<Sample[]>; bytes: number }>();
  #bytes = 0;

  constructor(target: Target, capacity: number) {
    this.#target = target;
    this.#capacity = capacity;
  }

  fits(units: readonly Unit[]): boolean {
    return units.reduce((bytes, unit) => bytes + this.#bytesOf(unit), 0) <= this.#capacity;
  }

  /** The unit's samples; concurrent calls share one reading, and a failed one is not kept. */
  get(unit: Unit): Promise<Sample[]> {
    const held = this.#held.get(unit);
    if (held !== undefined) {
      this.#held.delete(unit);
      this.#held.set(unit, held);
      return held.samples;
    }
    const bytes = this.#bytesOf(unit);
    for (const oldest of this.#held.keys()) {
      if (this.#bytes + bytes <= this.#capacity) break;
      this.#drop(oldest);
    }
    const samples = unit.load().then((scan) => toSamples(unit, scan, this.#target));
    samples.catch(() => this.#drop(unit));
    this.#held.set(unit, { samples, bytes });
    this.#bytes += bytes;
    return samples;
  }

  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  #bytesOf(unit: Unit): number {
    return unit.slices.length * sampleBytes(this.#target);
  }

  #drop(unit: Unit): void {
    const held = this.#held.get(unit);
    if (held === undefined) return;
    this.#held.delete(unit);
    this.#bytes -= held.bytes;
  }
}
