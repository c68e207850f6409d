import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const DRAFT = /^draft-(\d+)-/;

/**
 * The folder that outlives a checkout: $XDG_CACHE_HOME/asyndgan, or ~/.cache/asyndgan.
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env) {
  const base = env['XDG_CACHE_HOME'];
  return path.join(base && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'), 'asyndgan');
}

/**
 * Where the cache keeps what is made from `inputs`: other inputs, another entry.
 * @param {string} cache
 * @param {string} name
 * @param {unknown} inputs everything the content depends on, as JSON
 */
export function entryFor(cache, name, inputs) {
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  return path.join(cache, `${name}-${key}`);
}

/**
 * Makes a cache entry. It appears whole or not at all: `build` fills a draft beside it, which is then renamed, so that neither an
 * interrupted set-up nor two at once leave a broken one.
 * @param {string} entry
 * @param {(draft: string) => void} build
 */
export function makeEntry(entry, build) {
  const cache = path.dirname(entry);
  fs.mkdirSync(cache, { recursive: true });
  removeAbandonedDrafts(cache);
  const draft = fs.mkdtempSync(path.join(cache, `draft-${process.pid}-`));
  try {
    build(draft);
    fs.chmodSync(draft, 0o755);
    fs.renameSync(draft, entry);
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    if (!isTaken(error)) throw error; // taken: another set-up made the same entry first, and it is as good as ours
  }
}

/**
 * Whether a process with this id runs on this machine.
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** @param {unknown} error */
export function errorCode(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** @param {string} cache */
function removeAbandonedDrafts(cache) {
  for (const name of fs.readdirSync(cache)) {
    const pid = DRAFT.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) fs.rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}

/** @param {unknown} error */
function isTaken(error) {
  return errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST';
}
