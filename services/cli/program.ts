import { Command, InvalidArgumentError } from 'commander';
import { evaluate } from './commands/evaluate.ts';
import { inspect } from './commands/inspect.ts';
import { replayRun } from './commands/replay.ts';
import { run } from './commands/run.ts';
import { synthesizeImages } from './commands/synthesize.ts';
import { validate } from './commands/validate.ts';
import { EXIT_CODES_HELP, ExitCode } from './exit-codes.ts';

/** The `asyndgan` command line. */
export function program(): Command {
  const asyndgan = new Command('asyndgan')
    .description('AsynDGAN: one central generator learns from discriminators that stay at the hospitals.')
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ helpWidth: 110, sortOptions: true })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? ExitCode.done : ExitCode.badInput));
  const command = (usage: string, text: string) =>
    asyndgan.command(usage).description(text).addHelpText('after', `\n${EXIT_CODES_HELP}`).copyInheritedSettings(asyndgan);

  command(
    'run <experiment>',
    'Train AsynDGAN on this machine; writes report.html, summary.json, samples/, checkpoints/, release/ into a folder.',
  )
    .option('--out <dir>', 'folder for the results (default: out/<name of the experiment>, or the next free out/<name>-2, -3, ...)')
    .option('--threads <n>', 'processor cores to use (default: all)', wholeNumber(1, 1024))
    .option('--seed <n>', "seed of every random draw, instead of the experiment's", wholeNumber(0, 2 ** 31 - 1))
    .option('--baselines', 'also train Real-All, each Real-subset and Syn-All for comparison')
    .option('--resume', 'go on from the last checkpoint in --out; the result is the same as without the break')
    .action(run);

  command('validate <experiment>', 'Check an experiment file and the data it names, without training.')
    .option('--no-data', 'check the file alone')
    .action(validate);

  command('synthesize', 'Make a release of synthetic images from the checkpoints of a run.')
    .requiredOption('--checkpoint <file>', "the hub's checkpoint, such as OUT/checkpoints/hub/00000400.ckpt")
    .requiredOption('--count <n>', 'images to make', wholeNumber(1, 1_000_000))
    .option('--out <dir>', 'folder for the release', 'release')
    .option('--experiment <file>', "the experiment (default: the run's own copy beside the checkpoints)")
    .option('--threads <n>', 'processor cores to use (default: all)', wholeNumber(1, 1024))
    .action(synthesizeImages);

  command('evaluate', 'Train a segmenter on a release alone and score it on real test images.')
    .requiredOption('--release <dir>', 'the release, such as OUT/release')
    .requiredOption('--data <dir>', 'real images: a folder with test/{images,labels}, or one such folder for each site')
    .option('--steps <n>', 'steps of the U-Net', wholeNumber(1, 1_000_000), 200)
    .option('--seed <n>', 'seed of its random draws', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--threads <n>', 'processor cores to use (default: all)', wholeNumber(1, 1024))
    .action(evaluate);

  command('replay <dir>', 'Repeat a run from its journal and say whether the generator is the same, bit for bit.')
    .requiredOption('--experiment <file>', 'the experiment file that the run was started with: its paths lead to the data')
    .option('--threads <n>', 'processor cores to use, as in the run (default: all)', wholeNumber(1, 1024))
    .action(replayRun);

  command('inspect <path>', 'Say what a checkpoint, an envelope or a release holds.').action(inspect);
  return asyndgan;
}

const wholeNumber = (from: number, to: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new InvalidArgumentError(`a whole number from ${from} to ${to} is wanted.`);
  return value;
};
