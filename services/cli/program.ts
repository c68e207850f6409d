import { Command, InvalidArgumentError } from 'commander';
import { discriminator } from './commands/discriminator.ts';
import { enrollInit, enrollRenew, enrollRevoke, enrollShow, enrollSite } from './commands/enroll.ts';
import { evaluate } from './commands/evaluate.ts';
import { generator } from './commands/generator.ts';
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
  const command = (usage: string, text: string, parent = asyndgan) =>
    parent.command(usage).description(text).addHelpText('after', `\n${EXIT_CODES_HELP}`).copyInheritedSettings(asyndgan);

  command(
    'run <experiment>',
    'Train AsynDGAN on this machine; writes report.html, summary.json, samples/, checkpoints/, release/ into a folder.',
  )
    .option('--out <dir>', 'folder for the results (default: out/<name of the experiment>, or the next free out/<name>-2, -3, ...)')
    .option('--threads <n>', 'processor cores to use (default: all)', wholeNumber(1, 1024))
    .option('--seed <n>', "seed of every random draw, instead of the experiment's", wholeNumber(0, 2 ** 31 - 1))
    .option('--baselines', 'also train Real-All, each Real-subset and Syn-All for comparison')
    .option('--nats <server>', 'train with a process for the hub and one for each site, over NATS: embedded, or the URL of a server')
    .option('--otlp <url>', 'with --nats: collector of OpenTelemetry over HTTP')
    .option('--resume', 'go on from the last checkpoint in --out; the result is the same as without the break')
    .action(run);

  const party = (usage: string, text: string) =>
    command(usage, text)
      .requiredOption('--config <file>', 'the experiment')
      .option('--otlp <url>', 'collector of OpenTelemetry over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT, else none)');
  party('generator', 'The hub of a federation over NATS; what pods run. Its settings: docs/processes.md.').action(generator);
  party('discriminator', 'A site of a federation over NATS, beside its data. Its settings: docs/processes.md.')
    .requiredOption('--site <name>', "the site's name in the experiment")
    .action(discriminator);

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

  const enroll = command('enroll', "Say who may take part in a federation: keys, credentials, and the NATS servers' configuration.");
  addEnrollCommands((usage, text) => command(usage, text, enroll).requiredOption('--dir <dir>', 'folder of the federation'));
  return asyndgan;
}

function addEnrollCommands(command: (usage: string, text: string) => Command): void {
  const out = ['--out <dir>', 'folder to give to the member (default: DIR/bundles/NAME)'] as const;

  command('init', "Make a federation's keys, the configuration of its NATS server, and the hub's credentials.")
    .option('--name <name>', 'name of the federation', 'asyndgan')
    .option('--url <urls...>', 'where members reach the server: tls://HOST:PORT, and wss://HOST:PORT for WebSocket', [
      'tls://localhost:4222',
    ])
    .option('--leaf-port <port>', "port for hospitals' own servers (leaf nodes)", wholeNumber(1, 65_535), 7422)
    .option('--expires <time>', "lifetime of the hub's credentials (default: 365d)")
    .option('--mtls', 'ask members for a certificate, besides their credentials')
    .option('--tls-cert <file>', "the server's certificate (default: one by an authority of the federation's own; needs openssl)")
    .option('--tls-key <file>', 'its key')
    .option('--tls-ca <file>', 'the authority that members shall trust (default: what their system trusts)')
    .action(enrollInit);

  command('site <name>', "Admit a site: a folder with what the hospital needs to connect, confined to this site's subjects.")
    .option('--run <names...>', 'runs that it may take part in (* is every run)', ['*'])
    .option('--expires <time>', 'lifetime of its credentials, such as 12h (default: 30d)')
    .option(...out)
    .action(enrollSite);

  command('renew <name>', 'New credentials for a site, hub or system; or, for the name server, a new certificate of the server.')
    .option('--expires <time>', 'lifetime of the credentials (default: 30d; 365d for hub and system)')
    .option(...out)
    .action(enrollRenew);

  command('revoke <name>', "Take a member's credentials back; hub and system get new ones.")
    .option('--server <url>', 'running server to tell at once, such as tls://HOST:4222; without it, it holds from the next start')
    .action(enrollRevoke);

  command('show', 'Who is admitted, until when, and who is revoked.').action(enrollShow);
}

const wholeNumber = (from: number, to: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new InvalidArgumentError(`a whole number from ${from} to ${to} is wanted.`);
  return value;
};
