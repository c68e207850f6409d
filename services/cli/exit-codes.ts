/** What the process's exit code means; shown by --help, and documented in the README. */
export const ExitCode = {
  done: 0,
  internal: 1,
  badInput: 2,
  interrupted: 130,
} as const;

export const EXIT_CODES_HELP = `Exit codes: ${ExitCode.done} done; ${ExitCode.internal} a fault in asyndgan or its native library; ${ExitCode.badInput} something in the input is wrong, the message says what; ${ExitCode.interrupted} stopped by Ctrl-C after a checkpoint.`;
