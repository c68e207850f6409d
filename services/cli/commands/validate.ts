import { loadExperiment, unsupported } from '#experiment';
import { UnsupportedFeatureError } from '../errors.ts';
import { closeSiteData, openSiteData } from '../run/site-data.ts';

/** `asyndgan validate FILE`: everything that `run` would refuse, without training. */
export async function validate(file: string, options: { data: boolean }): Promise<void> {
  const experiment = await loadExperiment(file);
  const later = unsupported(experiment);
  if (later.length > 0) throw new UnsupportedFeatureError(file, later);
  const { sites, model } = experiment.spec;
  console.log(
    `${file}: valid; ${sites.length} ${sites.length === 1 ? 'site' : 'sites'}, images ${model.image.size}x${model.image.size}x${model.image.channels}`,
  );
  if (!options.data) return;
  const data = await openSiteData(experiment, file);
  for (const { site, train, test } of data)
    console.log(`  ${site}: ${train.count} training images, ${test ? `${test.count} test images` : 'no test split'}`);
  await closeSiteData(data);
}
