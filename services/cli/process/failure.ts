import { ExitCode, exitCodeOf } from '../exit-codes.ts';

/** An error as it crosses from the training thread: what to say, and what the process's exit code is. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  /** Of a fault in asyndgan only: a user's mistake needs none. */
  readonly stack?: string;
}

/** How native TensorFlow and Node.js say that memory is short. */
const OUT_OF_MEMORY = /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|ResourceExhausted|ERR_WORKER_OUT_OF_MEMORY|Array buffer allocation failed/;

export function failureOf(error: unknown): Failure {
  const { code, exitCode, message, stack } = (error instanceof Error ? error : new Error(String(error))) as Error & Partial<Failure>;
  if (OUT_OF_MEMORY.test(`${code} ${message}`)) return { code: 'OUT_OF_MEMORY', message, exitCode: ExitCode.outOfMemory };
  if (typeof code !== 'string' || typeof exitCode !== 'number')
    return { code: 'INTERNAL', message, exitCode: ExitCode.internal, ...(stack !== undefined && { stack }) };
  // A command's user can mend the data as any other input; whoever starts the process of a site cannot.
  const mapped = code.startsWith('DATASET_') ? ExitCode.dataUnreadable : exitCodeOf({ code, exitCode });
  return { code, message, exitCode: mapped, ...(exitCode === ExitCode.internal && stack !== undefined && { stack }) };
}
