import type { Header } from './headers.ts';

/** What a span says of where a message went: the subject, and the subject with its variables in braces (OpenTelemetry's messaging conventions). */
export interface Destination {
  readonly template: string;
  readonly name: string;
}

/** Requests by the first word of their subject. */
const WORDS: Partial<Record<Header['type'], string>> = { work: 'work', control: 'control' };

export function destinationOf(
  run: string,
  site: string,
  header: { readonly type: Header['type']; readonly iteration?: number },
): Destination {
  const word = WORDS[header.type] ?? 'hello';
  const [last, value] = header.type === 'work' ? ['.{iteration}', `.${header.iteration}`] : ['', ''];
  return { template: `asyndgan.v1.{run}.${word}.{site}${last}`, name: `asyndgan.v1.${run}.${word}.${site}${value}` };
}
