import { type Draft, type Envelope, sectionOf } from './envelope.ts';
import { WireBoundsError, WireHeaderError, WireMismatchError } from './errors.ts';
import { PART_ELEMENTS, PART_MAPS, type WireLimits } from './limits.ts';
import type { ConditionMap, Conditions, DatasetManifest } from './messages.ts';
import { classSection, readClasses } from './sections.ts';

/** A site's label maps as a series of messages, each small enough for the broker. */
export function* conditionsDrafts({ size, maps }: Conditions): Generator<Draft> {
  const step = Math.max(1, Math.min(PART_MAPS, Math.floor((4 * PART_ELEMENTS) / size ** 2)));
  if (maps.length === 0) throw new WireBoundsError('no label maps to send');
  for (let from = 0; from < maps.length; from += step) {
    const some = maps.slice(from, from + step);
    const part = { index: from / step, last: from + step >= maps.length };
    const classes = classSection('classes', [some.length, size, size], joined(some, size));
    yield { fields: { type: 'conditions', part, size, keys: some.map((map) => map.key) }, sections: [classes] };
  }
}

/** Puts the series together again and holds it against what the site said at its hello. */
export class ConditionsAssembly {
  readonly #manifest: DatasetManifest;
  readonly #limits: WireLimits;
  readonly #maps = new Map<string, ConditionMap>();
  #next = 0;

  constructor(manifest: DatasetManifest, limits: WireLimits) {
    this.#manifest = manifest;
    this.#limits = limits;
  }

  /** The conditions once the last part is there, null before. Throws a WireError on the first part that does not fit. */
  add(envelope: Envelope<'conditions'>): Conditions | null {
    const { part, size, keys } = envelope.header;
    if (part.index !== this.#next) throw new WireMismatchError('part of the conditions', part.index, this.#next);
    if (size !== this.#manifest.size) throw new WireMismatchError('label maps of size', size, this.#manifest.size);
    this.#requireRoom(keys.length);
    const section = sectionOf(envelope, 'classes');
    const expected = [keys.length, size, size];
    if (`${section.header.shape}` !== `${expected}`)
      throw new WireMismatchError('label maps of shape', `[${section.header.shape}]`, `[${expected}]`);
    const { classes } = readClasses(section);
    this.#requireClasses(classes);
    keys.forEach((key, i) => {
      if (this.#maps.has(key)) throw new WireHeaderError(`two label maps have the key ${key}`);
      this.#maps.set(key, { key, classes: classes.slice(i * size ** 2, (i + 1) * size ** 2) });
    });
    this.#next++;
    return part.last ? { size, maps: [...this.#maps.values()] } : null;
  }

  #requireRoom(more: number): void {
    const { count, size } = this.#manifest;
    const maps = this.#maps.size + more;
    if (maps > count) throw new WireBoundsError(`${maps} label maps are over the ${count} images that the site said it has`);
    const most = this.#limits.maxConditionElements;
    if (maps * size ** 2 > most) throw new WireBoundsError(`${maps} label maps of ${size} x ${size} are over ${most} pixels per site`);
  }

  #requireClasses(classes: Uint8Array): void {
    const beyond = classes.findIndex((value) => value >= this.#manifest.classes);
    if (beyond >= 0)
      throw new WireBoundsError(
        `a label map has class ${classes[beyond]}, the site said it has classes 0 to ${this.#manifest.classes - 1}`,
      );
  }
}

function joined(maps: readonly ConditionMap[], size: number): Uint8Array {
  const classes = new Uint8Array(maps.length * size ** 2);
  maps.forEach((map, i) => {
    if (map.classes.length !== size ** 2)
      throw new WireBoundsError(`label map ${map.key} has ${map.classes.length} pixels, not ${size} x ${size}`);
    classes.set(map.classes, i * size ** 2);
  });
  return classes;
}
