import { toJSONSchema } from 'zod';
import type { Path } from './problem.ts';
import { experimentSchema } from './schema.ts';

/** The part of JSON Schema that the experiment's schema is made of. */
export interface Field {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: Field | false;
  readonly required?: readonly string[];
  readonly items?: Field;
}

/** The schema as a tree of fields, as a user writes them: what has a default may be left out. */
export const experimentField = toJSONSchema(experimentSchema, { io: 'input', target: 'openapi-3.0' }) as unknown as Field;

/** The field at a path, or undefined where the schema has none. */
export function fieldAt(path: Path): Field | undefined {
  return path.reduce<Field | undefined>((field, step) => (field === undefined ? undefined : child(field, step)), experimentField);
}

function child(field: Field, step: PropertyKey): Field | undefined {
  if (field.items) return field.items;
  const name = String(step);
  if (field.properties && Object.hasOwn(field.properties, name)) return field.properties[name];
  return field.additionalProperties || undefined;
}

/** Every field below `field` in the order of the schema; a list item is written `sites[]`, a free key `<key>`. */
export function* fieldsBelow(field: Field, path = ''): Generator<{ path: string; name: string; field: Field; required: boolean }> {
  for (const [name, each] of Object.entries(field.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    yield { path: at, name, field: each, required: field.required?.includes(name) ?? false };
    yield* fieldsBelow(each, at);
    if (each.items) yield* fieldsBelow(each.items, `${at}[]`);
  }
}

/** The two halves of a description: what the field is, and the range in the closing parenthesis (empty for a section). */
export function describe(field: Field): { purpose: string; range: string } {
  const [, purpose = field.description, range = ''] = /^(.*) \(([^()]*)\)$/.exec(field.description) ?? [];
  return { purpose, range };
}
