import { choice, dnsLabel, line, list, mapping, quantity, section, whole } from './fields.ts';

const amounts = {
  cpu: quantity('Processor time in cores').optional(),
  memory: quantity('Memory in bytes').optional(),
};

const resources = section('Resources of the container.', {
  requests: section('What is reserved.', amounts).optional(),
  limits: section('What must not be exceeded.', amounts).optional(),
});

const toleration = section('One taint of a node that the pod bears.', {
  key: line('Key of the taint; every key if absent', 316).optional(),
  operator: choice('Equal compares the value, Exists does not', ['Equal', 'Exists']).default('Equal'),
  value: line('Value of the taint', 63).optional(),
  effect: choice('Effect of the taint; every effect if absent', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: whole('Seconds that a NoExecute taint is borne; for ever if absent', 0, 2_147_483_647).optional(),
});

/** The fields of a pod that an experiment may set: no raw template, since a hub must not mount anything at a hospital. */
const pod = {
  image: line('Container image; that of the installed release if absent', 512).optional(),
  resources: resources.optional(),
  nodeSelector: mapping('Labels that the node must have', line('Value of the label', 63), 16).optional(),
  tolerations: list('Taints of nodes that the pod bears', toleration, 0, 16).optional(),
};

export const generatorPod = section('The pod of the generator.', {
  ...pod,
  gpus: whole('GPUs of the generator', 0, 16).default(0),
  checkpoint: section('Volume of the checkpoints: an existing claim or the size of a new one.', {
    claimName: dnsLabel('PersistentVolumeClaim in the namespace of the experiment').optional(),
    size: quantity('Size in bytes of a claim to be made').optional(),
  }).optional(),
});

export const discriminatorPod = section('The pods of the discriminators.', pod);

export const membership = section('How many sites it takes, and what is done when one is lost.', {
  minSites: whole('Sites that must be present to start and to go on', 1, 64).default(1),
  startTimeoutSeconds: whole('Seconds to wait for all sites at the start before fewer are enough', 1, 604_800).default(600),
  recovery: choice('When a site starts anew: Exact takes all back to a common cut, Continue lets it go on from its own newest snapshot', [
    'Exact',
    'Continue',
  ]).default('Exact'),
  iterationTimeoutSeconds: whole('Seconds in which a site must answer a work', 1, 604_800).default(300),
  siteTimeoutSeconds: whole('Seconds that a lost site is waited for before the others go on without it', 1, 604_800).default(300),
  hubTimeoutSeconds: whole('Seconds without the hub after which a site keeps its state and ends', 1, 604_800).default(600),
});

const rule = section('What the end of a pod means; the first rule that matches wins.', {
  role: choice('Role of the pod', ['Generator', 'Discriminator']),
  exitCodes: list('Exit codes that match; every code if empty', whole('An exit code', 0, 255), 0, 32).default([]),
  reasons: list('Reasons of Kubernetes that match, such as Evicted; every reason if empty', line('A reason', 128), 0, 32).default([]),
  action: choice('What is done', ['RestartPod', 'ExcludeSite', 'RestartExperiment', 'FailExperiment']),
});

export const failurePolicy = section('What is done when a pod fails.', {
  maxRestarts: whole('Restarts of the experiment before it fails', 0, 1000).default(3),
  siteMaxRestarts: whole('Restarts of a site before it is excluded', 0, 1000).default(3),
  pendingTimeoutSeconds: whole('Seconds that a pod may wait for a node', 1, 604_800).default(600),
  rules: list('Rules for ends of pods', rule, 0, 32).default([]),
});
