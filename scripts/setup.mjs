/**
 * `npm run setup`: everything the project needs beyond Node.js, npm, python3 with pip and g++. Runs on Node.js 20 with nothing installed;
 * a second call finds all done. ASYNDGAN_TENSORFLOW=gpu takes the CUDA build. With `--nats` it also builds nats-server, where there is Go.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './setup/cache.mjs';
import { runCommand } from './setup/command.mjs';
import { SetupError } from './setup/errors.mjs';
import { withTreeLock } from './setup/lock.mjs';
import { setUpNatsServers } from './setup/nats.mjs';
import { installPackages, packagesAreInstalled, projectNode } from './setup/packages.mjs';
import { TENSORFLOW_VERSION } from './setup/pins.mjs';
import { checkPrerequisites, describeMachine } from './setup/prerequisites.mjs';
import { compileAddon, fetchLibraries, linkAddon, nativeEntries } from './setup/tensorflow.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SMOKE = fileURLToPath(new URL('setup/smoke.mjs', import.meta.url));
const WITH_NATS = process.argv.includes('--nats');
const STEPS = WITH_NATS ? 6 : 5;

try {
  const cache = cacheFolder(process.env);
  await withTreeLock(
    cache,
    ROOT,
    (holder) => say(`waiting for the set-up that process ${holder} runs\n`),
    () => setUp(cache),
  );
} catch (error) {
  if (error instanceof SetupError) say(`\nerror ${error.code}: ${error.message}\n`);
  else if (error instanceof Error && 'syscall' in error) say(`\nerror SETUP_SYSTEM: ${error.message}\n`);
  else throw error;
  process.exitCode = 2;
}

/** @param {string} cache */
function setUp(cache) {
  const { processor, flavour, wheels } = describeMachine(process.env);
  const entries = nativeEntries(ROOT, cache, wheels, processor);
  const todo = {
    packages: !packagesAreInstalled(ROOT),
    libraries: !fs.existsSync(entries.libraries),
    addon: !fs.existsSync(entries.addon),
  };

  step(1, 'prerequisites', () => checkPrerequisites(todo, flavour, cache));
  step(2, 'npm packages', () => todo.packages && installPackages(ROOT));
  step(
    3,
    `TensorFlow ${TENSORFLOW_VERSION} libraries (${flavour})`,
    () => todo.libraries && fetchLibraries(entries.libraries, wheels, processor),
  );
  step(4, 'addon', () => todo.addon && compileAddon(entries.addon, entries.libraries, ROOT));
  step(5, 'check', () => smokeTest(linkAddon(entries, ROOT), cache));
  if (WITH_NATS) step(6, 'nats-server', () => setUpNatsServers(cache, ROOT));
}

/**
 * Says what is being done, then how it ended and how long it took, on one line.
 * @param {number} index
 * @param {string} title
 * @param {() => unknown} work returns what to say of it: a text, or false where nothing was to do
 */
function step(index, title, work) {
  const start = performance.now();
  say(`[${index}/${STEPS}] ${title} ... `);
  const result = work();
  const outcome = result === false ? 'already there' : typeof result === 'string' ? result : 'done';
  say(`${outcome} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
}

/**
 * @param {string} addon
 * @param {string} cache
 * @returns {string} what answered
 */
function smokeTest(addon, cache) {
  try {
    return runCommand(projectNode(ROOT), [SMOKE, addon, TENSORFLOW_VERSION], { env: { TF_CPP_MIN_LOG_LEVEL: '3', ...process.env } });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const advice = `${path.relative(ROOT, addon)} does not work here; if this goes on, delete ${cache} and run \`npm run setup\` again`;
    throw new SetupError('SETUP_CHECK', `${advice}\n${error.message}`, { cause: error });
  }
}

/** @param {string} text */
function say(text) {
  process.stdout.write(text);
}
