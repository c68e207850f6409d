import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { NativeMissingError } from './errors.ts';

/** The part of the tfjs-node-gpu addon that we call. Tensors are held by the addon and named by number. */
export interface Native {
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array): number;
  deleteTensor(tensor: number): void;
  tensorDataSync(tensor: number): Float32Array | Int32Array;
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(model: number): void;
  runSavedModel(model: number, feeds: number[], feedNames: string, fetchNames: string): { id: number; shape: number[]; dtype: number }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

export interface NativeSettings {
  /** Threads inside one op, and ops that run at the same time. Both are process-wide and part of what makes results reproducible. */
  readonly intraOpThreads: number;
  readonly interOpThreads: number;
  /** BFloat16: convolutions and matrix products round their inputs to bfloat16 (oneDNN), sums stay float32. */
  readonly precision: 'Float32' | 'BFloat16';
}

/** Sets the process-wide settings. Only before the first `loadNative()` of the process: TensorFlow reads its environment once. */
export function configureNative(settings: NativeSettings): void {
  process.env.TF_NUM_INTRAOP_THREADS = String(settings.intraOpThreads);
  process.env.TF_NUM_INTEROP_THREADS = String(settings.interOpThreads);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_DETERMINISTIC_OPS = '1';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (settings.precision === 'BFloat16') process.env.TF_SET_ONEDNN_FPMATH_MODE = 'BF16';
  else {
    delete process.env.TF_SET_ONEDNN_FPMATH_MODE;
    process.env.NVIDIA_TF32_OVERRIDE = '0';
  }
}

/**
 * The addon of @tensorflow/tfjs-node-gpu, unmodified, without tfjs around it. A process whose training has a thread of its own calls it on the main
 * thread first, before anything else runs there. Throws NativeMissingError.
 */
export function loadNative(): Native {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'lib/napi-v8/tfjs_binding.node');
  try {
    const load = () => require(file) as Native;
    return isMainThread ? quietly(load) : load();
  } catch (cause) {
    throw new NativeMissingError(file, cause);
  }
}

/**
 * TensorFlow writes two lines of its own start-up to file descriptor 2 that no setting turns off: while it loads, the descriptor leads to
 * /dev/null. Only on the main thread: others may open files meanwhile. They are shown where standard error cannot be opened a second time (a socket),
 * and in a file: whoever shares it, such as the shell, would go on writing at a place of its own, over what we wrote.
 */
function quietly<T>(load: () => T): T {
  if (fstatSync(2).isFile()) return load();
  let kept: number;
  try {
    kept = openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND);
  } catch {
    return load();
  }
  closeSync(2);
  const silent = openSync('/dev/null', 'w');
  try {
    return load();
  } finally {
    closeSync(silent);
    openSync(`/proc/self/fd/${kept}`, constants.O_WRONLY | constants.O_APPEND);
    closeSync(kept);
  }
}
