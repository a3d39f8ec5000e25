import type { Layout } from '../../../src/checkpoint/layout.ts'
import type { ProcessCost } from '../measure.ts'

export interface ImportJob {
  readonly path: string
  readonly layout: Omit<Layout, 'header'> & { readonly header: string }
  /** The store's folder. */
  readonly blocks: string
  readonly isLinked: boolean
}

export interface ImportAnswer extends ProcessCost {
  readonly root: string
}

export interface HashJob {
  readonly path: string
}
