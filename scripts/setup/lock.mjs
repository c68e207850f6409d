import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { entryFor, errorCode, isAlive } from './cache.mjs';
import { SetupError } from './errors.mjs';

const POLL_MS = 250;
const PATIENCE_MS = 15 * 60_000;

/**
 * Runs `work` while no other set-up works on the same tree. The lock of a process that has died is taken over.
 * @param {string} cache
 * @param {string} root the tree
 * @param {(holder: number) => void} onWait called once if another set-up holds the lock
 * @param {() => void} work
 * @throws {SetupError} SETUP_LOCKED after 15 minutes
 */
export async function withTreeLock(cache, root, onWait, work) {
  fs.mkdirSync(cache, { recursive: true });
  const file = `${entryFor(cache, 'tree', fs.realpathSync(root))}.lock`;
  const deadline = Date.now() + PATIENCE_MS;
  for (let waited = false; !take(file); waited = true) {
    const holder = holderOf(file);
    if (holder !== undefined && !isAlive(holder)) {
      fs.rmSync(file, { force: true });
      continue;
    }
    if (!waited && holder !== undefined) onWait(holder);
    if (Date.now() > deadline) {
      throw new SetupError('SETUP_LOCKED', `process ${holder} has held ${path.basename(file)} for 15 minutes: end it, or delete ${file}`);
    }
    await sleep(POLL_MS);
  }
  try {
    work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/**
 * The lock appears with its holder's id already in it, because a link is made of a finished file.
 * @param {string} file
 */
function take(file) {
  const own = `${file}.${process.pid}`;
  fs.writeFileSync(own, String(process.pid));
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    fs.rmSync(own);
  }
}

/** @param {string} file */
function holderOf(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return undefined; // given back a moment ago
  }
}
