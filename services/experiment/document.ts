import { type Alias, type Document, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit, type YAMLError } from 'yaml';
import { ExperimentDocumentsError, ExperimentEmptyError, ExperimentSyntaxError } from './errors.ts';
import type { Path, Problem } from './problem.ts';

/** The value of a YAML document, and where each of its fields stands in the text. */
export interface PlacedValue {
  readonly value: unknown;
  /** Line and column, from 1, of the field; of the nearest field around it where it is absent. */
  place(path: Path): { line: number; column: number };
}

/**
 * Reads exactly one YAML document without aliases and unknown tags.
 *
 * @throws ExperimentEmptyError, ExperimentDocumentsError, ExperimentSyntaxError
 */
export function readDocument(text: string, source: string): PlacedValue {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })];
  const [document, second] = documents;
  if (document === undefined) throw new ExperimentEmptyError(source);

  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems = documents.flatMap((each) => [
    ...[...each.errors, ...each.warnings].map((error): Problem => ({ ...place(error.pos[0]), message: syntaxMessage(error, text) })),
    ...aliases(each).map(
      (alias): Problem => ({ ...place(alias.range?.[0] ?? 0), message: `*${alias.source} is an alias; write the value out` }),
    ),
  ]);
  if (problems.length > 0) throw new ExperimentSyntaxError(source, problems);
  if (second !== undefined) throw new ExperimentDocumentsError(source, documents.length, place(second.range[0]));

  const value: unknown = document.toJS();
  if (value === null) throw new ExperimentEmptyError(source);
  return { value, place: (path) => place(offsetOf(document, path)) };
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of path) {
    let found: { range?: readonly number[] | null | undefined } | undefined;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (isScalar(pair?.key)) found = pair.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      found = node as typeof found;
    }
    if (found === undefined) break;
    offset = found.range?.[0] ?? offset;
  }
  return offset;
}

/** Aliases would let a small text stand for a huge value, and a problem in one have two places. */
function aliases(document: Document.Parsed): Alias[] {
  const found: Alias[] = [];
  visit(document, { Alias: (_, alias) => void found.push(alias) });
  return found;
}

function syntaxMessage(error: YAMLError, text: string): string {
  if (error.code === 'DUPLICATE_KEY') {
    const [name] = /^("[^"\n]*"|[^\s:]*)/.exec(text.slice(error.pos[0], error.pos[0] + 80)) ?? [];
    return `the field ${name} is set twice; keep one of them`;
  }
  if (error.code === 'TAB_AS_INDENT') return 'a tab is used as indentation; YAML takes spaces only';
  return error.message;
}
