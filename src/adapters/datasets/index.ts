export { readExamples } from './examples.ts'
export { type OpenedDataset, openDataset, openExamples, openTrainingData } from './open.ts'
export type { DatasetOptions } from './survey.ts'
