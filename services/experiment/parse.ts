import { readDocument } from './document.ts';
import { ExperimentInvalidError } from './errors.ts';
import { findings } from './findings.ts';
import { type Finding, formatPath } from './problem.ts';
import { brokenRules } from './rules.ts';
import { type Experiment, experimentSchema } from './schema.ts';

/**
 * Reads an experiment from YAML and fills in the defaults.
 * All fields are checked first, then, if each is sound, the rules between them; every problem found is told, with its line and column.
 *
 * @param source what the messages call the text, usually its file
 * @throws ExperimentEmptyError, ExperimentDocumentsError, ExperimentSyntaxError, ExperimentInvalidError
 * @example parseExperiment(await readFile('nuclei.yaml', 'utf8'), 'nuclei.yaml').spec.training.iterations // 400
 */
export function parseExperiment(text: string, source: string): Experiment {
  const { value, place } = readDocument(text, source);
  const refuse = (found: readonly Finding[]): never => {
    const problems = found.map(({ path, message }) => ({ ...place(path), message: `${formatPath(path)} ${message}` }));
    throw new ExperimentInvalidError(
      source,
      problems.sort((a, b) => a.line - b.line || a.column - b.column),
    );
  };

  const parsed = experimentSchema.safeParse(value);
  if (!parsed.success) return refuse(findings(parsed.error.issues, value));
  const broken = brokenRules(parsed.data.spec);
  return broken.length > 0 ? refuse(broken) : parsed.data;
}
