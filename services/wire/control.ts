import { type Draft, type Envelope, sectionOf } from './envelope.ts';
import { WireBoundsError, WireHeaderError, WireMismatchError } from './errors.ts';
import { PART_ELEMENTS, type WireLimits } from './limits.ts';
import type { Control, ControlReply, NamedTensor, ReplyTo } from './messages.ts';
import { elementsOf, floatSection, jsonSection, readFloats, readJson } from './sections.ts';

type Evaluate = Extract<Control, { kind: 'evaluate' }>;
type Parameters = readonly { readonly name: string; readonly shape: readonly number[] }[];

/** An evaluate of which parts are missing. */
interface Pending {
  readonly control: Evaluate;
  /** values of all parameters */
  readonly total: number;
  filled: number;
  next: number;
}

/** One message, or a series for the weights of a segmenter: the first names all parameters, each brings the next stretch of their values. */
export function* controlParts(control: Control): Generator<{ draft: Draft; last: boolean }> {
  if (control.kind === 'evaluate') yield* evaluateParts(control);
  else yield { draft: { fields: { type: 'control', control }, sections: [] }, last: true };
}

export function replyDraft(reply: ControlReply): Draft {
  return { fields: { type: 'reply', reply }, sections: [] };
}

/** Throws WireMismatchError for a reply that is not the answer to `control`. */
export function readReply<C extends Control>({ header: { reply } }: Envelope<'reply'>, control: C): ReplyTo<C> {
  if (reply.kind !== control.kind) throw new WireMismatchError('control', reply.kind, control.kind);
  if ('iteration' in reply && 'iteration' in control && reply.iteration !== control.iteration) {
    throw new WireMismatchError('iteration', reply.iteration, control.iteration);
  }
  return reply as ReplyTo<C>;
}

/** Puts the messages of a control together again: most are whole at once, an evaluate comes as a series. */
export class ControlAssembly {
  readonly #limits: WireLimits;
  #evaluate: Pending | null = null;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** The control once its last part is there, null before. Throws a WireError on the first part that does not fit. */
  add(envelope: Envelope<'control'>): Control | null {
    const { control } = envelope.header;
    if (control.kind !== 'evaluate') return control;
    const { part } = control;
    const begun = this.#evaluate;
    this.#evaluate = null;
    const pending = part.index === 0 ? this.#begin(control.parameters ?? [], readJson(sectionOf(envelope, 'segmenter'))) : begun;
    if (!pending || part.index !== pending.next) throw new WireMismatchError('part of the weights', part.index, pending?.next ?? 0);
    pending.next++;
    pending.filled += fill(pending, envelope, part.last);
    if (part.last) return pending.control;
    this.#evaluate = pending;
    return null;
  }

  #begin(parameters: Parameters, segmenter: unknown): Pending {
    const total = parameters.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    const most = this.#limits.maxWeightElements;
    if (total === 0 || total > most) throw new WireBoundsError(`a segmenter of ${total} parameters, 1 to ${most} are accepted`);
    const weights = parameters.map(({ name, shape }) => ({ name, shape, data: new Float32Array(elementsOf(shape)) }));
    if (new Set(weights.map(({ name }) => name)).size < weights.length) throw new WireHeaderError('two parameters have the same name');
    return { control: { kind: 'evaluate', segmenter, weights }, total, filled: 0, next: 0 };
  }
}

/** Writes one part's values behind those that are there; returns how many. The last part must fill what is left, no part more. */
function fill({ control, total, filled }: Pending, envelope: Envelope<'control'>, last: boolean): number {
  const section = sectionOf(envelope, 'values');
  const { encoding, shape } = section.header;
  const count = elementsOf(shape);
  const left = total - filled;
  if (encoding !== 'Float32') throw new WireMismatchError('weights of encoding', encoding, 'Float32');
  if (last ? count !== left : count > left) throw new WireBoundsError(`${count} values in a part of the weights where ${left} are left`);
  copyStretch(control.weights, filled, readFloats(section).data, (tensor, values) => tensor.set(values));
  return count;
}

function* evaluateParts({ segmenter, weights }: Evaluate): Generator<{ draft: Draft; last: boolean }> {
  const total = weights.reduce((sum, { data }) => sum + data.length, 0);
  if (total === 0) throw new WireBoundsError('no weights to evaluate');
  for (let from = 0, index = 0; from < total; from += PART_ELEMENTS, index++) {
    const values = new Float32Array(Math.min(PART_ELEMENTS, total - from));
    copyStretch(weights, from, values, (tensor, stretch) => stretch.set(tensor));
    const sections = [floatSection('values', { shape: [values.length], data: values }, 'Float32')];
    const first = index === 0;
    if (first) sections.push(jsonSection('segmenter', segmenter));
    const part = { index, last: from + values.length === total };
    const parameters = first ? { parameters: weights.map(({ name, shape }) => ({ name, shape })) } : {};
    yield { draft: { fields: { type: 'control', control: { kind: 'evaluate', part, ...parameters } }, sections }, last: part.last };
  }
}

/** Calls `copy` with each piece of the tensors, laid end to end, that lies in [from, from + stretch.length), and its place in `stretch`. */
function copyStretch(
  tensors: readonly NamedTensor[],
  from: number,
  stretch: Float32Array,
  copy: (piece: Float32Array, place: Float32Array) => void,
): void {
  const to = from + stretch.length;
  let start = 0;
  for (const { data } of tensors) {
    const first = Math.max(start, from);
    const end = Math.min(start + data.length, to);
    if (first < end) copy(data.subarray(first - start, end - start), stretch.subarray(first - from, end - from));
    start += data.length;
  }
}
