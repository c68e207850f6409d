import { ExitCode } from '../exit-codes.ts';

/** Aborts on the first Ctrl-C (or SIGTERM), so that the run can keep its state; the second ends the process at once. */
export function onInterrupt(announce: (line: string) => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    controller.abort();
    announce('stopping after this iteration (once more to stop at once) ...');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
