import * as fs from 'node:fs';
import * as path from 'node:path';
import { entryFor, makeEntry } from './cache.mjs';
import { runCommand, works } from './command.mjs';
import { SetupError } from './errors.mjs';
import { NATS_SERVERS } from './pins.mjs';

/*
 * nats-server, from source by Go's own tools: for the tests and for `asyndgan run --nats embedded`. Everything else works without it, so a
 * machine without Go is told what it will miss, no more.
 */

const MODULE = 'github.com/nats-io/nats-server/v2';
const BINARY = 'nats-server';
const WITHOUT = 'tests that need a nats-server are skipped, unless ASYNDGAN_NATS_SERVER names one or it is on PATH';

/**
 * Makes the pinned servers and puts them into node_modules/.bin.
 * @param {string} cache
 * @param {string} root
 * @returns {string | false} what to say of it; false where all was there
 */
export function setUpNatsServers(cache, root) {
  const builds = NATS_SERVERS.map((release) => ({ release, entry: entryFor(cache, BINARY, [release, process.arch]) }));
  const missing = builds.filter(({ entry }) => !fs.existsSync(entry));
  if (missing.length > 0 && !works('go', ['version'])) return `left out, because there is no Go: ${WITHOUT}`;
  try {
    for (const { release, entry } of missing) build(entry, release);
  } catch (error) {
    if (!(error instanceof SetupError) || error.code !== 'SETUP_COMMAND') throw error;
    return `left out, because it cannot be built: ${WITHOUT}\n${error.message}\n`;
  }
  for (const { release, entry } of builds) link(path.join(entry, BINARY), path.join(root, 'node_modules', '.bin', release.command));
  return missing.length > 0 && `built ${missing.map(({ release }) => release.version).join(', ')}`;
}

/**
 * @param {string} entry
 * @param {import('./pins.mjs').NatsRelease} release
 */
function build(entry, { version, sum }) {
  makeEntry(entry, (draft) => {
    const env = { ...process.env, GOBIN: draft, GOFLAGS: '', CGO_ENABLED: '0' };
    runCommand('go', ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@${version}`], { env });
    const contents = runCommand('go', ['version', '-m', path.join(draft, BINARY)]);
    if (!contents.includes(`\t${MODULE}\t${version}\t${sum}`)) {
      throw new SetupError(
        'SETUP_NATS',
        `the source of ${MODULE} ${version} is not the pinned one (${sum}): look at GOPROXY and GONOSUMDB`,
      );
    }
  });
}

/**
 * @param {string} target
 * @param {string} file
 */
function link(target, file) {
  const draft = `${file}.${process.pid}`;
  fs.rmSync(draft, { force: true });
  fs.symlinkSync(target, draft);
  fs.renameSync(draft, file);
}
