import type { z } from 'zod';
import { describe, experimentField, type Field, fieldAt, fieldsBelow } from './fields.ts';
import { nearest } from './nearest.ts';
import { type Finding, type Path, shown } from './problem.ts';

/** What the schema found wrong with `value`, in a user's words: one finding per field. */
export function findings(issues: readonly z.core.$ZodIssue[], value: unknown): Finding[] {
  const found = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownField(issue.path, key))
      : [badValue(issue.path, valueAt(value, issue.path))],
  );
  return [...new Map(found.map((finding) => [JSON.stringify(finding.path), finding])).values()];
}

function unknownField(parent: Path, key: string): Finding {
  const siblings = Object.keys(fieldAt(parent)?.properties ?? {});
  const close = nearest(key, siblings);
  const elsewhere = [...fieldsBelow(experimentField)]
    .filter(({ name }) => name.toLowerCase() === key.toLowerCase())
    .map(({ path }) => path);
  let hint = `the fields here are ${siblings.join(', ')}`;
  if (close !== undefined) hint = `did you mean ${close}?`;
  else if (elsewhere.length > 0) hint = `did you mean ${elsewhere.join(' or ')}?`;
  return { path: [...parent, key], message: `is not a field; ${hint}` };
}

function badValue(path: Path, value: unknown): Finding {
  const field = fieldAt(path);
  const choices = field?.enum ?? [];
  const close = typeof value === 'string' && choices.length > 1 ? nearest(value, choices) : undefined;
  const hint = close === undefined ? '' : `; did you mean ${close}?`;
  return { path, message: `is ${shown(value)}; expected ${field ? expected(field) : 'nothing'}${hint}` };
}

function expected(field: Field): string {
  const { range } = describe(field);
  switch (field.type) {
    case 'integer':
      return `a whole number, ${range}`;
    case 'number':
      return `a number, ${range}`;
    case 'boolean':
      return range;
    case 'string':
      return field.enum ? oneOf(field.enum) : `text: ${range}`;
    case 'array':
      return `a list of ${range}`;
    case 'object':
      return field.properties ? `a mapping with ${Object.keys(field.properties).join(', ')}` : `a mapping of ${range}`;
  }
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}
