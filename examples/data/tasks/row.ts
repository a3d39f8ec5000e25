import type { LoadedSources } from '../sources/load.ts'

/** One labelled row before sampling. `unit` decides its split. */
export interface Row {
  readonly unit: string
  readonly text: string
  readonly pair?: string
  readonly label: string
}

/** What tasks are derived from. */
export type Sources = Pick<LoadedSources, 'synsets' | 'afinn' | 'addresses' | 'articles' | 'names' | 'splitOf'>
