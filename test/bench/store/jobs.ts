import type { Layout } from '../../../src/checkpoint/layout.ts'

export interface ImportJob {
  readonly path: string
  readonly layout: Omit<Layout, 'header'> & { readonly header: string }
  /** The store's folder. */
  readonly blocks: string
  readonly isLinked: boolean
}

export interface HashJob {
  readonly path: string
}
