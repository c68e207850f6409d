import { ExitCode } from '../exit-codes.ts';

/** The user has stopped the run, and everything is kept. */
export class RunStopped extends Error {
  constructor(when: string) {
    super(when);
    this.name = 'RunStopped';
  }
}

/**
 * Aborts on the first Ctrl-C (or SIGTERM) with RunStopped as the reason, so that the run can keep its state; the second ends the process at once.
 */
export function onInterrupt(announce: (line: string) => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    controller.abort(new RunStopped('with the training done'));
    announce('stopping after this step (once more to stop at once) ...');
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
