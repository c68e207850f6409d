import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, experimentField, type Field, fieldsBelow } from './fields.ts';

const FILE = fileURLToPath(new URL('../../docs/experiment.md', import.meta.url));

const INTRODUCTION = `# The experiment file

One YAML file says what to train, where, and what to release; \`asyndgan run FILE\` and \`kubectl apply -f FILE\` take the same one.
Examples stand in [k8s/samples](../k8s/samples). \`asyndgan validate FILE\` tells all that is wrong with a file, with line and column.

This page is made from the schema by \`node services/experiment/reference.ts --write\`; do not edit it.
`;

/** The page docs/experiment.md: a table of every field in the order of the schema. */
export function renderReference(): string {
  const rows = [...fieldsBelow(experimentField)].map(({ path, field, required }) => {
    return row([`\`${path}\``, typeName(field), defaultOf(field, required), rangeOf(field), describe(field).purpose]);
  });
  return [INTRODUCTION, row(['Field', 'Type', 'Default', 'Range', 'Meaning']), row(['---', '---', '---', '---', '---']), ...rows, ''].join(
    '\n',
  );
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeName(field: Field): string {
  if (field.items) return `list of ${field.items.type}`;
  if (field.additionalProperties) return `map to ${field.additionalProperties.type}`;
  return field.type;
}

function defaultOf(field: Field, required: boolean): string {
  if (required) return '**required**';
  const isSection = field.type === 'object';
  return field.default === undefined || isSection ? '' : `\`${JSON.stringify(field.default).replaceAll('"', '')}\``;
}

function rangeOf(field: Field): string {
  const item = field.items && describe(field.items).range;
  return item ? `${describe(field).range}, each ${item}` : describe(field).range;
}

/** `--write` renews the page; `--check` exits with 1 if it is not what the schema says. */
async function main(option: string | undefined): Promise<number> {
  if (option === '--write') {
    await writeFile(FILE, renderReference());
    return 0;
  }
  if (option !== '--check') {
    console.error('usage: node services/experiment/reference.ts --check|--write');
    return 2;
  }
  if ((await readFile(FILE, 'utf8').catch(() => '')) === renderReference()) return 0;
  console.error('docs/experiment.md is not what the schema says; run: node services/experiment/reference.ts --write');
  return 1;
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
