export const MIB = 1_048_576
export const HTTP_PROTOCOL = '/http/1.1'
/** The file's bytes over a libp2p stream, and nothing else. */
export const BARE_PROTOCOL = '/bench/bytes/1'

export const WAYS = ['tcp', 'http', 'bare-stream', 'stream', 'bitswap'] as const
export type Way = (typeof WAYS)[number]

export interface ProviderJob {
  /** A file of the store in this folder. */
  readonly root: string
  readonly blocks: string
  readonly maxUpload?: number
}

/** Where a provider serves. */
export interface Served {
  readonly root: string
  readonly bytes: number
  readonly url: string
  readonly rawPort: number
  readonly address: string
}

export interface ReceiverJob {
  readonly way: Way
  readonly from: readonly Served[]
  /** Where the file goes. */
  readonly folder: string
}
