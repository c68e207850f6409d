export { conditionChannels, conditionImage, toClasses } from './classes.ts';
export { hasSplit, openDataset } from './dataset.ts';
export { DatasetError, NoSplitError } from './errors.ts';
export { checkSameGeometry } from './geometry.ts';
export { cropImage, drawPlacement, type Placement } from './placement.ts';
export type { Dataset, DatasetSource, ImageSpec, LabelSpec, Random, Sample, Split } from './types.ts';
