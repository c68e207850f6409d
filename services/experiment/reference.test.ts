import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { describe, experimentField, type Field, fieldsBelow } from './fields.ts';
import { renderReference } from './reference.ts';

const ALL = [...fieldsBelow(experimentField)];

test('docs/experiment.md is what the schema says', async () => {
  const page = await readFile(new URL('../../docs/experiment.md', import.meta.url), 'utf8');
  assert.equal(page, renderReference(), 'run: node services/experiment/reference.ts --write');
});

test('every field is described in one line, with its range unless it is a section', () => {
  for (const { path, field } of ALL) {
    const { purpose, range } = describe(field);
    assert.match(purpose, /^\S[^\n]{8,}$/, path);
    assert.ok(field.properties ? range === '' : range !== '', `${path}: ${field.description}`);
  }
});

test('the schema can become a CRD: every node has one type, nothing is referred to, all is bounded', () => {
  for (const { path, field } of ALL) bounded(path, field);
});

function bounded(path: string, field: Field): void {
  for (const word of ['anyOf', 'oneOf', 'allOf', 'not', '$ref']) assert.ok(!(word in field), `${path} has ${word}`);
  const bounds: Record<Field['type'], string[]> = {
    object: field.properties ? ['properties'] : ['maxProperties'],
    array: ['maxItems'],
    string: field.enum ? ['enum'] : ['maxLength'],
    integer: ['minimum', 'maximum'],
    number: ['minimum', 'maximum'],
    boolean: [],
  };
  for (const bound of bounds[field.type]) assert.ok(bound in field, `${path} lacks ${bound}`);
  if (field.items) bounded(`${path}[]`, field.items);
  if (field.additionalProperties) bounded(`${path}.*`, field.additionalProperties);
}
