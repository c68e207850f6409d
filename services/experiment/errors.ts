import type { Problem } from './problem.ts';

/** Most problems that one message lists. */
const LISTED = 50;

/** A mistake in an experiment file. */
export abstract class ExperimentError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 2;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ExperimentNotFoundError extends ExperimentError {
  readonly code = 'EXPERIMENT_NOT_FOUND';
  constructor(file: string, options?: ErrorOptions) {
    super(`${file}: there is no such file; give the path of an experiment file, such as k8s/samples/nuclei.yaml`, options);
  }
}

export class ExperimentNotAFileError extends ExperimentError {
  readonly code = 'EXPERIMENT_NOT_A_FILE';
  constructor(path: string, kind: string) {
    super(`${path}: is ${kind}; give the path of an experiment file in it or elsewhere`);
  }
}

export class ExperimentUnreadableError extends ExperimentError {
  readonly code = 'EXPERIMENT_UNREADABLE';
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: cannot be read (${reason}); check its permissions`, options);
  }
}

export class ExperimentTooLargeError extends ExperimentError {
  readonly code = 'EXPERIMENT_TOO_LARGE';
  constructor(file: string, bytes: number, limit: number) {
    super(`${file}: has ${bytes} bytes, more than the ${limit} of any experiment file; is it the right file?`);
  }
}

export class ExperimentNotTextError extends ExperimentError {
  readonly code = 'EXPERIMENT_NOT_TEXT';
  constructor(file: string, options?: ErrorOptions) {
    super(`${file}: is not UTF-8 text; an experiment file is YAML, saved as UTF-8`, options);
  }
}

export class ExperimentEmptyError extends ExperimentError {
  readonly code = 'EXPERIMENT_EMPTY';
  constructor(source: string) {
    super(`${source}: holds nothing; an experiment has apiVersion, kind, metadata and spec`);
  }
}

export class ExperimentDocumentsError extends ExperimentError {
  readonly code = 'EXPERIMENT_DOCUMENTS';
  constructor(source: string, count: number, second: { line: number; column: number }) {
    super(`${source}:${second.line}:${second.column}: is the second of ${count} YAML documents; keep one experiment in a file`);
  }
}

/** The text is no YAML, or YAML that this format leaves out. */
export class ExperimentSyntaxError extends ExperimentError {
  readonly code = 'EXPERIMENT_SYNTAX';
  readonly problems: readonly Problem[];
  constructor(source: string, problems: readonly Problem[]) {
    super(listed(source, problems));
    this.problems = problems;
  }
}

/** The YAML is sound, but not an experiment: every field that is wrong, each with what it may be. */
export class ExperimentInvalidError extends ExperimentError {
  readonly code = 'EXPERIMENT_INVALID';
  readonly problems: readonly Problem[];
  constructor(source: string, problems: readonly Problem[]) {
    super(listed(source, problems));
    this.problems = problems;
  }
}

function listed(source: string, problems: readonly Problem[]): string {
  const lines = problems.slice(0, LISTED).map(({ line, column, message }) => `${source}:${line}:${column}: ${message}`);
  if (lines.length === 1) return lines.join();
  if (problems.length > LISTED) lines.push(`and ${problems.length - LISTED} more`);
  return [`${source} has ${problems.length} problems`, ...lines.map((line) => `  ${line}`)].join('\n');
}
