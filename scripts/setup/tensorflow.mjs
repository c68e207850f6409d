import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryFor, makeEntry } from './cache.mjs';
import { runCommand, works } from './command.mjs';
import { lockedPackages } from './packages.mjs';
import { WHEEL_PYTHON } from './pins.mjs';

const ADDON = 'node_modules/@tensorflow/tfjs-node-gpu';
const NODE_API = 'node_modules/node-api-headers';
const BINDING = 'tfjs_binding.node';
const UNPACK = fileURLToPath(new URL('unpack_wheels.py', import.meta.url));

/** Also the flags of the link: the addon finds the libraries beside itself, wherever node_modules lies. */
const COMPILER_FLAGS = ['-std=c++17', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-DNAPI_VERSION=8'];
const LINKER_FLAGS = ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN/../../deps/lib'];

/** The tags of the pinned wheels: told to pip, so that the download does not depend on the python3 that is installed. */
const GLIBC_TAGS = ['2_27', '2_25', '2_17', '2_12'];

/** @typedef {{ libraries: string, addon: string }} NativeEntries the places in the cache, whether or not they are filled yet */

/**
 * Where the cache keeps the libraries and the addon for these wheels. The lock file's integrity hashes stand for the addon's sources.
 * @param {string} root
 * @param {string} cache
 * @param {import('./pins.mjs').Wheel[]} wheels
 * @param {string} processor
 * @returns {NativeEntries}
 */
export function nativeEntries(root, cache, wheels, processor) {
  const locked = lockedPackages(path.join(root, 'package-lock.json'));
  const libraries = entryFor(cache, 'tensorflow', [wheels, processor, fs.readFileSync(UNPACK, 'utf8')]);
  const sources = [locked[ADDON]?.integrity, locked[NODE_API]?.integrity];
  return { libraries, addon: entryFor(cache, 'addon', [path.basename(libraries), sources, COMPILER_FLAGS, LINKER_FLAGS]) };
}

/**
 * Downloads the wheels and keeps their libraries and headers.
 * @param {string} entry
 * @param {import('./pins.mjs').Wheel[]} wheels
 * @param {string} processor
 */
export function fetchLibraries(entry, wheels, processor) {
  makeEntry(entry, (draft) => {
    const requirements = path.join(draft, 'requirements.txt');
    fs.writeFileSync(requirements, wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join(''));
    const downloads = path.join(draft, 'wheels');
    const tags = GLIBC_TAGS.flatMap((tag) => ['--platform', `manylinux_${tag}_${processor}`]);
    const target = ['--no-deps', '--only-binary=:all:', '--implementation', 'cp', '--python-version', WHEEL_PYTHON, ...tags];
    const source = ['--require-hashes', '--no-cache-dir', '-r', requirements, '-d', downloads];
    runCommand('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', ...target, ...source]);
    runCommand('python3', [UNPACK, draft, ...fs.readdirSync(downloads).map((file) => path.join(downloads, file))]);
    fs.rmSync(downloads, { recursive: true });
    stripSymbols(path.join(draft, 'lib'));
  });
}

/**
 * Compiles the addon of the npm package against the libraries.
 * @param {string} entry
 * @param {string} libraries
 * @param {string} root
 */
export function compileAddon(entry, libraries, root) {
  makeEntry(entry, (draft) => {
    const includes = [path.join(root, NODE_API, 'include'), path.join(libraries, 'include')].map((folder) => `-I${folder}`);
    const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => path.join(root, ADDON, 'binding', file));
    const output = ['-o', path.join(draft, BINDING)];
    runCommand('g++', [...COMPILER_FLAGS, ...includes, ...output, ...sources, `-L${path.join(libraries, 'lib')}`, ...LINKER_FLAGS]);
  });
}

/**
 * Puts the addon and the libraries where the npm package looks for them, each replaced in one step.
 * @param {NativeEntries} entries
 * @param {string} root
 * @returns {string} the addon in node_modules
 */
export function linkAddon(entries, root) {
  const libraries = path.join(root, ADDON, 'deps', 'lib');
  const binding = path.join(root, ADDON, 'lib', 'napi-v8', BINDING);
  replace(libraries, (draft) => fs.symlinkSync(path.join(entries.libraries, 'lib'), draft));
  replace(binding, (draft) => fs.copyFileSync(path.join(entries.addon, BINDING), draft));
  return binding;
}

/**
 * @param {string} file
 * @param {(draft: string) => void} make
 */
function replace(file, make) {
  const draft = `${file}.${process.pid}`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.rmSync(draft, { force: true });
  make(draft);
  fs.renameSync(draft, file);
}

/**
 * A quarter smaller, with the same results; the symbols are of use to a debugger only.
 * @param {string} folder
 */
function stripSymbols(folder) {
  if (!works('strip', ['--version'])) return;
  runCommand('strip', ['--strip-unneeded', ...fs.readdirSync(folder).map((file) => path.join(folder, file))]);
}
