import { spawnSync } from 'node:child_process';
import { SetupError } from './errors.mjs';

const LINES_SHOWN = 30;

/**
 * Runs a command to its end and returns its standard output.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @throws {SetupError} SETUP_COMMAND with the end of the command's output
 */
export function runCommand(command, args, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 1 << 28, ...options, encoding: 'utf8' });
  if (status === 0) return stdout;
  const output = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-LINES_SHOWN).join('\n');
  const end = error?.message ?? (signal ? `was ended by ${signal}` : `ended with status ${status}`);
  throw new SetupError('SETUP_COMMAND', `${command} ${args.slice(0, 3).join(' ')} ... ${end}\n${output}`, { cause: error });
}

/**
 * Whether a command can be run.
 * @param {string} command
 * @param {string[]} args
 */
export function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
