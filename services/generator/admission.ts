import { type Experiment, experimentDigest } from '#experiment';
import type { DatasetManifest, Hello } from '#wire';
import { SiteMismatchError, SiteTooSmallError, UnknownSiteError } from './errors.ts';

/** The site's place in the experiment. Throws where the site is not in it, or its data or settings are others. */
export function placeOf({ site, manifest, experimentDigest: digest }: Hello, experiment: Experiment): number {
  const { sites, model } = experiment.spec;
  const place = sites.findIndex(({ name }) => name === site);
  if (place < 0) throw new UnknownSiteError(site);
  const wanted: Partial<DatasetManifest> = {
    size: model.image.size,
    channels: model.image.channels,
    classes: model.labels.classes,
    labels: model.labels.kind,
  };
  for (const [key, value] of Object.entries(wanted)) {
    const has = manifest[key as keyof DatasetManifest];
    if (has !== value) throw new SiteMismatchError(site, key, has, value);
  }
  if (manifest.count === 0) throw new SiteTooSmallError(site);
  const ours = experimentDigest(experiment);
  if (digest !== undefined && digest !== ours) throw new SiteMismatchError(site, 'experiment digest', digest, ours);
  return place;
}
