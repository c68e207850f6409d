/**
 * Runs the tests (the files given as arguments, or all) with Node's own runner and says little: a line per file, failures in full.
 * The last line is `N passed, N failed`, with `, N skipped` where some were. The project's checks (types, lint, unused code, import
 * direction) are tests too: test/checks.test.ts. Exit code 1 if anything failed or nothing ran.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FIRST = 'test/checks.test.ts';
const PATTERNS = ['services/**/*.test.ts', 'operators/**/*.test.ts', 'test/**/*.test.ts'];
const TEST_TIMEOUT_MS = 10 * 60_000;
const CONCURRENCY = 2;

/** @typedef {{ file?: string | undefined, name: string, nesting: number, details: { duration_ms: number, error?: Error & { failureType?: string } } }} Outcome */

const files = process.argv.length > 2 ? process.argv.slice(2).map((file) => path.resolve(file)) : allTests();
const counts = await runAll(files);
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
say(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);

function allTests() {
  const found = fs.globSync(PATTERNS, { cwd: ROOT }).sort();
  return [FIRST, ...found.filter((file) => file !== FIRST)].map((file) => path.join(ROOT, file));
}

/**
 * @param {string[]} files
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
async function runAll(files) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Map<string | undefined, string>} what each file's process wrote: shown if the file fails */
  const output = new Map();
  for await (const { type, data } of run({ files, concurrency: CONCURRENCY, timeout: TEST_TIMEOUT_MS })) {
    if (type === 'test:stdout' || type === 'test:stderr') output.set(data.file, (output.get(data.file) ?? '') + data.message);
    else if (type === 'test:fail') reportFailure(data, output);
    else if (type === 'test:pass' && isWholeFile(data)) {
      say(`✗ ${relative(data.file)}: holds no test`);
      totals.passed--;
      totals.failed++;
    } else if (type === 'test:summary' && data.file) reportFile(data);
    else if (type === 'test:summary') {
      totals.passed += data.counts.passed;
      totals.failed += data.counts.failed + data.counts.cancelled;
      totals.skipped += data.counts.skipped + data.counts.todo;
    }
  }
  return totals;
}

/** @param {{ file?: string | undefined, success: boolean, duration_ms: number, counts: { passed: number, tests: number } }} summary */
function reportFile({ file, success, duration_ms, counts }) {
  say(`${success ? '✓' : '✗'} ${relative(file)}  ${counts.passed}/${counts.tests}  ${(duration_ms / 1000).toFixed(1)} s`);
}

/**
 * @param {Outcome} outcome
 * @param {Map<string | undefined, string>} output
 */
function reportFailure(outcome, output) {
  const { file, name, details } = outcome;
  if (details.error?.failureType === 'subtestsFailed') return; // the subtest has been shown
  const title = isWholeFile(outcome) ? relative(file) : `${relative(file)} > ${name}`;
  say(`\n✗ ${title}\n${indent(describe(details.error))}`);
  const written = output.get(file)?.trim();
  if (written) say(indent(`output of the file:\n${written}`));
  output.delete(file);
}

/**
 * The runner reports a file itself as a test where it holds none, or where it does not load.
 * @param {Outcome} outcome
 */
function isWholeFile({ name, file, nesting }) {
  return nesting === 0 && name === file;
}

/** @param {(Error & { cause?: unknown }) | undefined} error the runner's wrapper; what the test threw is its cause */
function describe(error) {
  const thrown = error?.cause ?? error;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : inspect(thrown);
}

/** @param {string | undefined} file */
function relative(file) {
  return file ? path.relative(ROOT, file) : 'the runner';
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^/gm, '    ');
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
