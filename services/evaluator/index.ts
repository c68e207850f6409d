export {
  EvaluatorError,
  ReleaseCardError,
  ReleaseDamagedError,
  ReleaseNotFoundError,
  ReleaseWriteError,
  SummaryInvalidError,
} from './errors.ts';
export { frechetTexture } from './frechet/frechet-texture.ts';
export { textureFeatures } from './frechet/texture-features.ts';
export { type GridCell, type GridRow, writeGrid } from './images/grid.ts';
export { aggregate, type SegmentationScore, type SegmentationTruth, scoreSegmentation } from './metrics/score.ts';
export { type ReleaseCard, readCard, recordScores } from './release/card.ts';
export { instancesOfClasses } from './release/instances-of-classes.ts';
export { type Release, type ReleaseSample, readRelease } from './release/reader.ts';
export { type ReleaseFacts, type ReleasePlan, ReleaseWriter, type SyntheticSample } from './release/writer.ts';
export type { ReportInput } from './report/input.ts';
export type { LossPoint } from './report/loss-chart.ts';
export { renderReport } from './report/report.ts';
export { Segmenter, type SegmenterSpec, segmenterSpecSchema } from './segmenter.ts';
export { type LabelledImages, type SegmenterTraining, trainSegmenter } from './segmenter-training.ts';
export { parseSummary, type SegmentationResult, type Summary, scoreSchema } from './summary.ts';
