import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Native } from '#nn';

const read = (file: string): { version: string } => JSON.parse(readFileSync(file, 'utf8')) as { version: string };

export const VERSION = read(new URL('../../package.json', import.meta.url).pathname).version;

/** What a run was made with; recorded in its summary and its release card. */
export const versions = (native: Native): Record<string, string> => ({
  asyndgan: VERSION,
  node: process.versions.node,
  tensorflow: native.TF_Version,
  'tfjs-node-gpu': read(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')).version,
});
