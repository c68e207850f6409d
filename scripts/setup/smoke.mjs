/**
 * Loads the addon and multiplies two matrices with it. Run by the set-up under the project's Node.js: smoke.mjs ADDON TENSORFLOW_VERSION
 */
import { createRequire } from 'node:module';

const [addon, version] = process.argv.slice(2);
if (!addon) throw new Error('usage: smoke.mjs ADDON TENSORFLOW_VERSION');
const binding = createRequire(import.meta.url)(addon);
if (binding.TF_Version !== version) throw new Error(`the addon runs TensorFlow ${binding.TF_Version}, not ${version}`);

const matrix = binding.createTensor([2, 2], binding.TF_FLOAT, Float32Array.of(1, 2, 3, 4));
const attributes = [
  { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];
const [square] = binding.executeOp('MatMul', attributes, [matrix, matrix], 1);
const values = [...binding.tensorDataSync(square.id)];
if (values.join() !== '7,10,15,22') throw new Error(`TensorFlow multiplies wrongly: ${values}`);
process.stdout.write(`TensorFlow ${version} on ${binding.isUsingGpuDevice() ? 'GPU' : 'CPU'}, Node.js ${process.versions.node}`);
