import type * as z from 'zod';
import { choice, dnsLabel, flag, line, mapping, section, text, whole } from './schema/fields.ts';
import { model } from './schema/model.ts';
import { discriminatorPod, failurePolicy, generatorPod, membership } from './schema/operation.ts';
import { release } from './schema/release.ts';
import { sites } from './schema/sites.ts';
import { training, wire } from './schema/training.ts';

const metadata = section('Name and labels of the object, as for every object of Kubernetes.', {
  name: dnsLabel('Name of the experiment; short, since pod names are made of it', 40),
  namespace: dnsLabel('Kubernetes namespace of the hub').default('asyndgan'),
  labels: mapping('Labels of the object', text('Value of the label', 63), 64).optional(),
  annotations: mapping('Annotations of the object', text('Value of the annotation', 16_384), 64).optional(),
});

const spec = section('What to train, where, and what to release.', {
  suspend: flag('Keep the checkpoint and remove the pods').default(false),
  model: model.prefault({}),
  training: training.prefault({}),
  wire: wire.prefault({}),
  sites,
  membership: membership.prefault({}),
  generator: generatorPod.prefault({}),
  discriminator: discriminatorPod.prefault({}),
  failurePolicy: failurePolicy.prefault({}),
  release: release.prefault({}),
  activeDeadlineSeconds: whole('Seconds after which the experiment fails; never if absent', 1, 2_147_483_647).optional(),
  ttlSecondsAfterFinished: whole('Seconds after its end until the experiment is deleted; never if absent', 0, 2_147_483_647).optional(),
  managedBy: line('Controller that runs the experiment; the operator of AsynDGAN if absent', 63).optional(),
});

/** The one source of the vocabulary: types, defaults, validation, reference table (and the CRD) come from it. */
export const experimentSchema = section('An AsynDGAN training run.', {
  apiVersion: choice('Version of this vocabulary', ['asyndgan.io/v1alpha1']),
  kind: choice('Kind of the object', ['AsynDGANExperiment']),
  metadata,
  spec,
});

export type Experiment = z.infer<typeof experimentSchema>;
export type ExperimentSpec = Experiment['spec'];
export type SiteSpec = ExperimentSpec['sites'][number];
export type ModelSpec = ExperimentSpec['model'];
export type GeneratorSpec = ModelSpec['generator'];
export type DiscriminatorSpec = ModelSpec['discriminator'];
export type TrainingSpec = ExperimentSpec['training'];
export type WireSpec = ExperimentSpec['wire'];
export type ReleaseSpec = ExperimentSpec['release'];
