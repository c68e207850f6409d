import { EXIT_CODE_MEANINGS, ExitCode } from '../exit-codes.ts';
import { SETTINGS } from './settings.ts';

/** The rows of docs/processes.md that follow from the code, by the header of their table. */
export const REFERENCE_TABLES = {
  '| variable | meaning |': Object.entries(SETTINGS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
  '| code | meaning | start again? |': Object.entries(EXIT_CODE_MEANINGS).map(
    ([name, { meaning, startAgain }]) => `| ${ExitCode[name as keyof typeof ExitCode]} | ${meaning} | ${startAgain ? 'yes' : 'no'} |`,
  ),
} as const;
