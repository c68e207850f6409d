import { choice, dnsLabel, line, list, section, whole } from './fields.ts';

const dataset = section('Where the images of the site are and how they are read.', {
  claimName: dnsLabel('PersistentVolumeClaim in the namespace of the site; not used by a local run').optional(),
  path: line('Folder or file of the data: relative to the experiment file in a local run, to the mount of the claim in a cluster', 1024),
  format: choice('Layout of the data; BraTS and NucleiHDF5 are those of the original code', [
    'Folder',
    'BraTS',
    'NucleiHDF5',
    'NIfTI',
    'DICOM',
  ]).default('Folder'),
  fit: choice('Images of another size than model.image.size are refused (Exact) or resized (Resize)', ['Exact', 'Resize']).default('Exact'),
  contrast: choice('Stretch maps the 0.5 to 99.5 percentile of each image to the full range, at the site', ['Stretch', 'None']).default(
    'Stretch',
  ),
});

const site = section('One hospital: a discriminator beside its data.', {
  name: dnsLabel('Name of the site in messages, results and pod names; unique', 40),
  namespace: dnsLabel('Kubernetes namespace of the site; that of the experiment if absent').optional(),
  dataset,
  gpus: whole('GPUs of the discriminator', 0, 16).default(0),
  masks: choice('Policy for the label maps of the site; Shared sends them to the hub under opaque keys', ['Shared']).default('Shared'),
});

export const sites = list('The hospitals that take part', site, 1, 64);
