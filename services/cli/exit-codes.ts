/** What the exit code of a process means; shown by --help, in the README, and used by the operator's failure rules. */
export const ExitCode = {
  done: 0,
  internal: 1,
  badInput: 2,
  policyRefused: 3,
  dataUnreadable: 4,
  hubLost: 5,
  outOfMemory: 6,
  sitesMissing: 7,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Of the processes that pods run; a starter that tries again should do so after those marked so. */
export const EXIT_CODE_MEANINGS: Readonly<Record<keyof typeof ExitCode, { readonly meaning: string; readonly startAgain: boolean }>> = {
  done: { meaning: 'Done', startAgain: false },
  internal: { meaning: 'A fault in asyndgan or its native library', startAgain: true },
  badInput: { meaning: 'Something in the input is wrong, the message says what', startAgain: false },
  policyRefused: { meaning: "The site's policy refuses what the experiment asks for", startAgain: false },
  dataUnreadable: { meaning: 'The data of the site cannot be read, or is not what the experiment describes', startAgain: false },
  hubLost: {
    meaning: 'No NATS server, or no word from the other side (at a site: for membership.hubTimeoutSeconds); the state is kept',
    startAgain: true,
  },
  outOfMemory: { meaning: 'Memory of the process or of the GPU is too small', startAgain: false },
  sitesMissing: {
    meaning: 'Fewer sites than membership.minSites came in membership.startTimeoutSeconds; the state is kept',
    startAgain: true,
  },
  interrupted: { meaning: '`asyndgan run` was stopped by Ctrl-C after a checkpoint', startAgain: false },
  terminated: { meaning: 'Stopped by a signal (SIGTERM, or SIGINT to the processes of a federation), the state is kept', startAgain: true },
};

/** Exit codes of errors whose rooms know of no processes, by the beginning of their codes. */
const BY_CODE: readonly (readonly [prefix: string, exitCode: ExitCode])[] = [
  ['SITE_HUB_LOST', ExitCode.hubLost],
  ['WIRE_NATS_UNREACHABLE', ExitCode.hubLost],
  ['WIRE_UNREACHABLE', ExitCode.hubLost],
  ['WIRE_TIMEOUT', ExitCode.hubLost],
  ['WIRE_CLOSED', ExitCode.hubLost],
  ['IDENTITY_PUSH', ExitCode.hubLost],
  ['HUB_NO_QUORUM', ExitCode.sitesMissing],
];

/** What an error that its room has declared means for the process. */
export const exitCodeOf = ({ code, exitCode }: { readonly code: string; readonly exitCode: number }): number =>
  BY_CODE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? exitCode;

export const EXIT_CODES_HELP = `Exit codes: ${ExitCode.done} done; ${ExitCode.internal} a fault in asyndgan or its native library; ${ExitCode.badInput} something in the input is wrong, the message says what; ${ExitCode.interrupted} stopped by Ctrl-C after a checkpoint. Those of a federation's processes: docs/processes.md.`;
