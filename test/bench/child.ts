import { type ExecFileOptions, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a TypeScript file of this folder in its own process (threads and memory are process-wide); gives the JSON of its last line. */
export async function inChild<T>(script: string, input: unknown, options: ExecFileOptions = {}): Promise<T> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  return lastJson<T>((await run(process.execPath, [file, JSON.stringify(input)], { maxBuffer: 2 ** 26, ...options })).stdout.toString());
}

/** Runs any program; gives the JSON of its last line. */
export async function jsonOf<T>(program: string, args: readonly string[]): Promise<T> {
  return lastJson<T>((await run(program, [...args], { maxBuffer: 2 ** 26 })).stdout.toString());
}

const lastJson = <T>(output: string): T => JSON.parse(output.trimEnd().split('\n').at(-1)!) as T;

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
