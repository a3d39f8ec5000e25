export { type CsvOptions, csvDataset } from './csv.ts'
export { type JsonLinesOptions, jsonlDataset } from './jsonl.ts'
export { openDataset } from './open.ts'
