import { type Draft, type Envelope, sectionOf } from './envelope.ts';
import { WireBoundsError, WireMismatchError, WireNotFiniteError } from './errors.ts';
import type { Feedback, FeedbackCodec, ImageCodec, Work } from './messages.ts';
import { classSection, floatSection, readClasses, readFloats, type Section } from './sections.ts';

export function workDraft({ labels, fakes, ...fields }: Work, codec: ImageCodec): Draft {
  const sections = [floatSection('fakes', fakes, codec)];
  if (labels) sections.push(classSection('labels', labels.shape, labels.classes));
  return { fields: { type: 'work', ...fields }, sections };
}

/** `codec` and `channels`: what was agreed at the welcome and what the site's data has. */
export function readWork(envelope: Envelope<'work'>, codec: ImageCodec, channels: number): Work {
  const { iteration, generatorVersion, conditions, snapshot } = envelope.header;
  const section = requireCodec(sectionOf(envelope, 'fakes'), codec);
  const { shape } = section.header;
  requireShape('fakes', shape, [...shape.slice(0, 3), channels]);
  const labelSection = envelope.sections.find(({ header }) => header.name === 'labels');
  if (labelSection) requireShape('labels', labelSection.header.shape, shape.slice(0, 3));
  const described = labelSection ? 0 : shape[0];
  if (conditions.length !== described) throw new WireBoundsError(`${conditions.length} conditions for fakes of shape [${shape}]`);
  const labels = labelSection && readClasses(labelSection);
  return { iteration, generatorVersion, conditions, ...(labels && { labels }), fakes: readFloats(section), snapshot };
}

/** Throws WireNotFiniteError where a loss or a gradient is not finite. */
export function feedbackDraft({ gradient, ...fields }: Feedback, codec: FeedbackCodec, random: () => number): Draft {
  for (const [name, loss] of Object.entries(fields.losses)) {
    if (!Number.isFinite(loss)) throw new WireNotFiniteError(`loss ${name} of iteration ${fields.iteration}`);
  }
  return { fields: { type: 'feedback', ...fields }, sections: [floatSection('gradient', gradient, codec, random)] };
}

/** Throws WireMismatchError for a feedback that is not the answer to `work`. */
export function readFeedback(envelope: Envelope<'feedback'>, work: Work, codec: FeedbackCodec): Feedback {
  const { iteration, generatorVersion, losses, seconds, snapshotTaken } = envelope.header;
  if (iteration !== work.iteration) throw new WireMismatchError('iteration', iteration, work.iteration);
  if (generatorVersion !== work.generatorVersion) throw new WireMismatchError('generator version', generatorVersion, work.generatorVersion);
  const section = requireCodec(sectionOf(envelope, 'gradient'), codec);
  requireShape('gradient', section.header.shape, work.fakes.shape);
  return { iteration, generatorVersion, gradient: readFloats(section), losses, seconds, snapshotTaken };
}

function requireCodec(section: Section, codec: ImageCodec | FeedbackCodec): Section {
  if (section.header.encoding !== codec) throw new WireMismatchError(`${section.header.name} codec`, section.header.encoding, codec);
  return section;
}

function requireShape(name: string, actual: readonly number[], expected: readonly number[]): void {
  if (`${actual}` !== `${expected}`) throw new WireMismatchError(`${name} of shape`, `[${actual}]`, `[${expected}]`);
}
