import * as fs from 'node:fs';
import * as path from 'node:path';
import { works } from './command.mjs';
import { SetupError } from './errors.mjs';
import { wheelsFor } from './pins.mjs';

const NODE_MAJOR = 20;
const GLIBC_MINOR = 27;
const GB = 1e9;

/** What the unpacking takes at its peak; 0.64 GB (cpu) or 5.1 GB (gpu) stay. */
const DISK_GB = { cpu: 1.4, gpu: 8.5 };

/** @typedef {import('./pins.mjs').Flavour} Flavour */

/**
 * What this machine is, as far as the native libraries depend on it.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ processor: string, flavour: Flavour, wheels: import('./pins.mjs').Wheel[] }}
 * @throws {SetupError} SETUP_NODE, SETUP_PLATFORM, SETUP_FLAVOUR
 */
export function describeMachine(env) {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    throw new SetupError('SETUP_NODE', `this is Node.js ${process.versions.node}: install Node.js ${NODE_MAJOR} or newer`);
  }
  const flavour = env['ASYNDGAN_TENSORFLOW'] || 'cpu';
  if (flavour !== 'cpu' && flavour !== 'gpu') {
    throw new SetupError('SETUP_FLAVOUR', `ASYNDGAN_TENSORFLOW is ${JSON.stringify(flavour)}: set it to cpu or gpu, or leave it out`);
  }
  const processor = { x64: 'x86_64', arm64: 'aarch64' }[/** @type {string} */ (process.arch)] ?? process.arch;
  const wheels = process.platform === 'linux' && hasGlibc() ? wheelsFor(processor, flavour) : [];
  if (wheels.length === 0) {
    throw new SetupError(
      'SETUP_PLATFORM',
      `TensorFlow (${flavour}) is not available for ${process.platform} ${processor} with this C library: ` +
        `use Linux with glibc 2.${GLIBC_MINOR} or newer, on x86_64 (cpu, gpu) or aarch64 (cpu)`,
    );
  }
  return { processor, flavour, wheels };
}

/**
 * Names everything that is missing for the steps that still have to be done, in one message.
 * @param {{ packages: boolean, libraries: boolean, addon: boolean }} todo
 * @param {Flavour} flavour
 * @param {string} cache
 * @throws {SetupError} SETUP_MISSING
 */
export function checkPrerequisites(todo, flavour, cache) {
  const missing = [];
  if (todo.packages && !works('npm', ['--version'])) missing.push('npm (it comes with Node.js)');
  if (todo.libraries && !works('python3', ['--version']))
    missing.push('python3 with pip (Debian, Ubuntu: apt-get install python3 python3-pip)');
  else if (todo.libraries && !works('python3', ['-m', 'pip', '--version']))
    missing.push('pip for python3 (Debian, Ubuntu: apt-get install python3-pip)');
  if (todo.addon && !works('g++', ['--version'])) missing.push('g++ (Debian, Ubuntu: apt-get install g++)');
  if (todo.libraries && freeGB(cache) < DISK_GB[flavour]) {
    missing.push(`${DISK_GB[flavour]} GB of free disk for ${cache} (there are ${freeGB(cache).toFixed(1)}; XDG_CACHE_HOME moves it)`);
  }
  if (missing.length > 0) throw new SetupError('SETUP_MISSING', `please install or provide: ${missing.join('; ')}`);
}

function hasGlibc() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (/** @type {unknown} */ (process.report.getReport()));
  const [major = 0, minor = 0] = (report.header.glibcVersionRuntime ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= GLIBC_MINOR);
}

/** @param {string} folder may not exist yet */
function freeGB(folder) {
  let existing = folder;
  while (!fs.existsSync(existing)) existing = path.dirname(existing);
  const { bavail, bsize } = fs.statfsSync(existing);
  return (bavail * bsize) / GB;
}
