export { Segmenter, type SegmenterSpec } from './segmenter.ts';
export { type LabelledImages, type SegmenterTraining, trainSegmenter } from './segmenter-training.ts';
