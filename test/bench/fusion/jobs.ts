import type { FusionLayout } from '../../../src/fusion/layout.ts'
import type { ProcessCost } from '../measure.ts'

/** What the process of fuse-files.ts is told. */
export interface FuseJob {
  /** Its header in base64. */
  readonly layout: Omit<FusionLayout, 'header'> & { readonly header: string }
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
  readonly base: string
  readonly inputs: readonly string[]
  readonly out: string
  readonly workers: number
  /** The first fusion of a process. Default: one of those that follow, by threads that run. */
  readonly isCold?: boolean
  /** Path of its module. Default: the source's. */
  readonly engine?: string | undefined
}

export interface FuseAnswer extends ProcessCost {
  /** 99th percentile of the event loop's delay meanwhile. */
  readonly delayMs: number
}
