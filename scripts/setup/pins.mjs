/**
 * What the set-up fetches, pinned by content: Python wheels, whose libraries it uses, by SHA-256, and Go modules by Go's own sum. Nothing Python in them is run.
 * Facts about them: docs/adr/0001-native-tensorflow-from-the-wheel.md.
 */

/** @typedef {{ name: string, version: string, sha256: string }} Wheel */
/** @typedef {'cpu' | 'gpu'} Flavour */

export const TENSORFLOW_VERSION = '2.21.0';

/** The interpreter tag of the pinned TensorFlow wheels: their libraries do not depend on the Python version. */
export const WHEEL_PYTHON = '3.11';

/** @type {Record<string, Partial<Record<Flavour, Wheel>>>} by processor as `uname -m` names it */
const TENSORFLOW = {
  x86_64: {
    cpu: wheel('tensorflow-cpu', TENSORFLOW_VERSION, '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c'),
    gpu: wheel('tensorflow', TENSORFLOW_VERSION, '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'),
  },
  aarch64: {
    cpu: wheel('tensorflow', TENSORFLOW_VERSION, '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c'),
  },
};

/** CUDA 12 and cuDNN 9 for x86_64; the driver's libcuda.so.1 comes from the host. */
const CUDA = [
  wheel('nvidia-cublas-cu12', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  wheel('nvidia-cuda-cupti-cu12', '12.9.79', '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f'),
  wheel('nvidia-cuda-nvrtc-cu12', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
  wheel('nvidia-cuda-runtime-cu12', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'),
  wheel('nvidia-cudnn-cu12', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
  wheel('nvidia-cufft-cu12', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
  wheel('nvidia-curand-cu12', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  wheel('nvidia-cusolver-cu12', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  wheel('nvidia-cusparse-cu12', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
  wheel('nvidia-nccl-cu12', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  wheel('nvidia-nvjitlink-cu12', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
];

/** @typedef {{ version: string, sum: string, command: string }} NatsRelease `command`: its name in node_modules/.bin */

/**
 * The nats-server that is used, and the oldest that is supported (Debian 12 has it).
 * @type {NatsRelease[]}
 */
export const NATS_SERVERS = [
  { version: 'v2.15.1', sum: 'h1:fK3AeYFIji1Smng60jB0hVoAPZezA/UzsaI3BqXFNEI=', command: 'nats-server' },
  { version: 'v2.9.10', sum: 'h1:LMC46Oi9E6BUx/xBsaCVZgofliAqKQzRPU6eKWkN8jE=', command: 'nats-server-oldest' },
];

/**
 * The wheels for a processor and flavour; empty where TensorFlow has none.
 * @param {string} processor
 * @param {Flavour} flavour
 * @returns {Wheel[]}
 */
export function wheelsFor(processor, flavour) {
  const tensorflow = TENSORFLOW[processor]?.[flavour];
  if (!tensorflow) return [];
  return flavour === 'gpu' ? [tensorflow, ...CUDA] : [tensorflow];
}

/**
 * @param {string} name
 * @param {string} version
 * @param {string} sha256
 * @returns {Wheel}
 */
function wheel(name, version, sha256) {
  return { name, version, sha256 };
}
