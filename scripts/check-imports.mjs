/**
 * The import-direction rule of the architecture: rooms stand on floors, arrows go only downwards, and a room is entered only by its door.
 * Usage: node scripts/check-imports.mjs [ROOT]. Prints each import that breaks the rule; exit code 1 if there is one.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ door: string, mayImport: string[], onlyPackages?: string[] }} Room */

/** @type {Record<string, Room>} by folder. A door is a name in package.json "imports" and leads to the folder's index.ts. */
const ROOMS = {
  'services/cli': {
    door: '#cli',
    mayImport: ['#generator', '#discriminator', '#evaluator', '#wire', '#identity', '#nn', '#datasets', '#telemetry', '#experiment'],
  },
  'services/generator': { door: '#generator', mayImport: ['#wire', '#nn', '#datasets', '#telemetry', '#experiment'] },
  'services/discriminator': {
    door: '#discriminator',
    mayImport: ['#evaluator', '#wire', '#nn', '#datasets', '#telemetry', '#experiment'],
  },
  'services/evaluator': { door: '#evaluator', mayImport: ['#nn', '#datasets', '#experiment'] },
  'services/wire': { door: '#wire', mayImport: ['#telemetry'] },
  'services/identity': { door: '#identity', mayImport: ['#wire', '#telemetry'] },
  'operators/runtime': { door: '#operators/runtime', mayImport: ['#telemetry', '#experiment'] },
  'operators/asyndgan': { door: '#operators/asyndgan', mayImport: ['#operators/runtime', '#telemetry', '#experiment'] },
  'services/nn': { door: '#nn', mayImport: [], onlyPackages: ['@tensorflow/tfjs-node-gpu'] },
  'services/datasets': { door: '#datasets', mayImport: [] },
  'services/telemetry': { door: '#telemetry', mayImport: [] },
  'services/experiment': { door: '#experiment', mayImport: [] },
};

/** Packages that one room alone may use: nothing else loads the native library. */
const PACKAGE_OWNERS = { '@tensorflow/': 'services/nn' };

/** The command itself is started by its path, from outside the rooms. */
const PROGRAM = 'services/cli/main.ts';

const SEARCHED = ['services', 'operators', 'test', 'loadtest', 'scripts'];
const SOURCE = /\.(ts|mts|mjs|js)$/;

/** Static ones stand at the start of a line, dynamic ones anywhere but in a comment's line: text in strings does not count. */
const SPECIFIERS = [
  /^[ \t]*(?:import\b|export\s+(?:type\s+)?[{*])[^'"`;]*?\bfrom\s*(['"])(?<specifier>[^'"]+)\1/gm,
  /^[ \t]*import\s*(['"])(?<specifier>[^'"]+)\1/gm,
  /(?<=^(?![ \t]*(?:\/\/|\/?\*)).*)\b(?:import|require(?:\.resolve)?)\(\s*(['"])(?<specifier>[^'"]+)\1/gm,
  /(?<=^(?![ \t]*(?:\/\/|\/?\*)).*)\bnew URL\(\s*(['"])(?<specifier>\.{1,2}\/[^'"]+\.(?:ts|mts|mjs|js))\1/gm,
];

/** @typedef {{ file: string, line: number, specifier: string, reason: string }} Violation */

/**
 * Every import below `root` that breaks the rule, in the order of the files.
 * @param {string} root
 * @returns {Violation[]}
 */
export function findViolations(root) {
  return sourceFiles(root).flatMap((file) =>
    importsOf(fs.readFileSync(path.join(root, file), 'utf8')).flatMap(({ line, specifier }) => {
      const reason = objection(file, specifier);
      return reason ? [{ file, line, specifier, reason }] : [];
    }),
  );
}

/**
 * What is wrong with an import, or undefined.
 * @param {string} file path from the root
 * @param {string} specifier
 */
function objection(file, specifier) {
  const room = roomOf(file);
  if (!room && /^(services|operators)\//.test(file)) return 'this file lies in no room: add its folder to ROOMS, or move it into a room';
  if (specifier.startsWith('#')) return objectionToDoor(room, specifier);
  if (specifier.startsWith('.')) return objectionToPath(file, room, specifier);
  return objectionToPackage(file, room, specifier);
}

/**
 * @param {string | undefined} room
 * @param {string} door
 */
function objectionToDoor(room, door) {
  if (!Object.values(ROOMS).some((other) => other.door === door)) return "no room has this door: import what the room's index.ts exports";
  const rule = room && ROOMS[room];
  if (!rule || rule.mayImport.includes(door)) return undefined;
  if (rule.door === door) return 'a room reaches its own files by relative imports';
  return `${room} may import ${rule.mayImport.join(', ') || 'no other room'}: arrows go only downwards`;
}

/**
 * @param {string} file
 * @param {string | undefined} room
 * @param {string} specifier
 */
function objectionToPath(file, room, specifier) {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const targetRoom = roomOf(target);
  if (targetRoom === room || (target === PROGRAM && !room)) return undefined;
  if (targetRoom) return `this path enters ${targetRoom} behind its door: import from '${ROOMS[targetRoom]?.door}'`;
  if (isUnitTest(file) && target.startsWith('test/')) return undefined; // stored references and their readers
  return `this path leaves ${room}: a room imports its own files and other rooms' doors`;
}

/**
 * @param {string} file
 * @param {string | undefined} room
 * @param {string} specifier
 */
function objectionToPackage(file, room, specifier) {
  if (specifier.startsWith('node:') || isUnitTest(file)) return undefined;
  const allowed = room && ROOMS[room]?.onlyPackages;
  if (allowed && !allowed.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
    return `${room} may use ${allowed.join(', ')} and no other package`;
  }
  const owner = Object.entries(PACKAGE_OWNERS).find(([prefix]) => specifier.startsWith(prefix))?.[1];
  return owner && room && owner !== room ? `only ${owner} may use this package` : undefined;
}

/** @param {string} file path from the root, with forward slashes */
function roomOf(file) {
  return Object.keys(ROOMS).find((folder) => file.startsWith(`${folder}/`));
}

/** @param {string} file */
function isUnitTest(file) {
  return file.endsWith('.test.ts');
}

/**
 * @param {string} text
 * @returns {{ line: number, specifier: string }[]}
 */
function importsOf(text) {
  return SPECIFIERS.flatMap((pattern) => [...text.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .map((match) => ({
      line: text.slice(0, match.index + match[0].length).split('\n').length,
      specifier: match.groups?.['specifier'] ?? '',
    }));
}

/** @param {string} root */
function sourceFiles(root) {
  return SEARCHED.flatMap((folder) => {
    const start = path.join(root, folder);
    if (!fs.existsSync(start)) return [];
    const entries = fs.readdirSync(start, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && SOURCE.test(entry.name)).map((entry) => path.join(entry.parentPath, entry.name));
  })
    .map((file) => path.relative(root, file).split(path.sep).join('/'))
    .filter((file) => !file.includes('node_modules/'))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
  const violations = findViolations(root);
  for (const { file, line, specifier, reason } of violations) console.error(`${file}:${line} imports '${specifier}': ${reason}`);
  if (violations.length > 0) process.exitCode = 1;
}
