import * as fs from 'node:fs';
import * as path from 'node:path';
import { errorCode } from './cache.mjs';
import { runCommand } from './command.mjs';
import { SetupError } from './errors.mjs';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} LockedPackage */

/**
 * The packages that a lock file names, by their place in the tree.
 * @param {string} file package-lock.json, or the copy that npm keeps in node_modules of what it has installed
 * @returns {Record<string, LockedPackage>}
 */
export function lockedPackages(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
}

/**
 * Whether node_modules holds what package-lock.json names (packages for other platforms aside). npm writes its record last, so an
 * interrupted installation does not count.
 * @param {string} root
 */
export function packagesAreInstalled(root) {
  const installed = recordOfInstallation(root);
  if (!installed) return false;
  return Object.entries(lockedPackages(path.join(root, 'package-lock.json')))
    .filter(([place]) => place !== '')
    .every(([place, wanted]) => {
      const found = installed[place];
      return found ? found.version === wanted.version && found.integrity === wanted.integrity : wanted.optional;
    });
}

/**
 * Installs exactly what package-lock.json names, running no package's script.
 * @param {string} root
 */
export function installPackages(root) {
  runCommand('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'], {
    cwd: root,
  });
}

/**
 * The Node.js that runs the project's TypeScript: it comes with the packages.
 * @param {string} root
 * @throws {SetupError} SETUP_NO_NODE
 */
export function projectNode(root) {
  const node = path.join(root, 'node_modules', '.bin', 'node');
  if (!fs.existsSync(node)) {
    throw new SetupError('SETUP_NO_NODE', `${node} is missing: delete node_modules and run \`npm run setup\` again`);
  }
  return node;
}

/** @param {string} root */
function recordOfInstallation(root) {
  try {
    return lockedPackages(path.join(root, 'node_modules', '.package-lock.json'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
