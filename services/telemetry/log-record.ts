/** Values that a log line may hold. Anything else (an array of pixels above all) is named by its kind and size instead. */
export type LogValue = string | number | bigint | boolean | null | undefined | Error;
export type LogFields = Readonly<Record<string, LogValue>>;

const LONGEST_TEXT = 2000;
const DEEPEST_CAUSE = 3;

interface LoggedError {
  readonly code: string;
  readonly message: string;
  /** of faults in asyndgan only: a mistake of the user is told by its message */
  readonly stack?: string;
  readonly cause?: LoggedError;
}

export type LoggedValue = string | number | boolean | null | undefined | LoggedError;

/** A value as it stands in a log line. */
export function logged(value: unknown): LoggedValue {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return loggedError(value, DEEPEST_CAUSE);
  return kindOf(value);
}

function loggedError(error: Error, depth: number): LoggedError {
  const { code, exitCode, syscall } = error as { code?: unknown; exitCode?: unknown; syscall?: unknown };
  const isForeseen = typeof code === 'string' && ((typeof exitCode === 'number' && exitCode !== 1) || syscall !== undefined);
  return {
    code: typeof code === 'string' ? code : 'INTERNAL',
    message: shortened(error.message),
    ...(!isForeseen && error.stack && { stack: error.stack }),
    ...(depth > 0 && error.cause instanceof Error && { cause: loggedError(error.cause, depth - 1) }),
  };
}

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}... (${text.length} characters)` : text;
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const { byteLength, length } = value as { byteLength?: unknown; length?: unknown };
  const size = [length, byteLength].find((count) => typeof count === 'number');
  return `[${value.constructor?.name ?? 'Object'}${size === undefined ? '' : ` of ${size}`}]`;
}
