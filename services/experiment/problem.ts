/** From the top of the document: names of fields and indices of list items. */
export type Path = readonly PropertyKey[];

/** Something wrong with one field; the message begins after the field's name ("is 0; expected ..."). */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

/** A finding, named in full and placed in the text; line and column count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `spec.sites[2].name`; long or strange names are cut and quoted. */
export function formatPath(path: Path): string {
  return (
    path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${fieldName(String(step))}`))
      .join('')
      .replace(/^\./, '') || 'the document'
  );
}

function fieldName(name: string): string {
  return /^[\w/.-]{1,80}$/.test(name) ? name : shown(name);
}

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
}
