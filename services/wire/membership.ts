import { type Draft, type Envelope, sectionOf } from './envelope.ts';
import { WireEpochError, WireMismatchError } from './errors.ts';
import type { Hello, Welcome } from './messages.ts';
import { jsonSection, readJson } from './sections.ts';

/** The site's name and the highest hub epoch that it has seen travel in the frame. */
export function helloDraft({ site: _site, hubEpoch: _epoch, ...hello }: Hello): Draft {
  return { fields: { type: 'hello', ...hello }, sections: [] };
}

export function readHello({ header }: Envelope<'hello'>): Hello {
  const { type: _type, protocol: _protocol, run: _run, tensors: _tensors, epoch, experimentDigest, ...hello } = header;
  return { ...hello, hubEpoch: epoch, ...(experimentDigest !== undefined && { experimentDigest }) };
}

export function welcomeDraft({ hubEpoch: _epoch, experiment, ...welcome }: Welcome): Draft {
  return { fields: { type: 'welcome', ...welcome }, sections: [jsonSection('experiment', experiment)] };
}

/** Throws WireEpochError for a hub that the site knows to have been replaced, WireMismatchError for codecs that the site did not offer. */
export function readWelcome(envelope: Envelope<'welcome'>, hello: Hello): Welcome {
  const { epoch, siteIndex, codecs } = envelope.header;
  if (epoch < hello.hubEpoch) throw new WireEpochError(epoch, hello.hubEpoch);
  for (const direction of ['images', 'feedback'] as const) {
    const offered: readonly string[] = hello.codecs[direction];
    if (!offered.includes(codecs[direction])) throw new WireMismatchError(`${direction} codec`, codecs[direction], offered.join(' or '));
  }
  return { hubEpoch: epoch, experiment: readJson(sectionOf(envelope, 'experiment')), siteIndex, codecs };
}
