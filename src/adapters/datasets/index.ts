export { readExamples } from './examples.ts'
export { type DatasetReport, type InspectOptions, inspectDataset } from './inspect.ts'
export { type OpenedDataset, openDataset, openExamples, openTrainingData } from './open.ts'
export type { DatasetOptions } from './survey.ts'
