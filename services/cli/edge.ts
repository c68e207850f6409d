import { ExitCode, exitCodeOf } from './exit-codes.ts';

/** An error that its room has declared: its message is for the user, its stack is not. */
interface DeclaredError extends Error {
  readonly code: string;
  readonly exitCode: number;
}

/** The one place that shows errors. Gives the exit code. */
export function reportError(error: unknown, print: (line: string) => void): number {
  if (isDeclared(error)) {
    print(`error ${error.code}: ${error.message.split('\n').join('\n      ')}`);
    return exitCodeOf(error);
  }
  if (isSystem(error) && error.code === 'ENOSPC') {
    print(`error DISK_FULL: the disk is full${error.path ? ` (${error.path})` : ''}: make room, then go on with --resume`);
    return ExitCode.badInput;
  }
  print(
    `error INTERNAL: this is a fault in asyndgan, please report it\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return ExitCode.internal;
}

const isDeclared = (error: unknown): error is DeclaredError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && 'exitCode' in error && typeof error.exitCode === 'number';

const isSystem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;
