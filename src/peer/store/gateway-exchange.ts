import type { CID } from 'multiformats/cid'
import { createBuffers } from '../../adapters/gateway/client/buffers.ts'
import { createSession, createStrangers, type Session } from '../../adapters/gateway/client/session.ts'
import type { SourceFault } from '../../adapters/gateway/client/source-error.ts'
import { DEFAULT_LEAVES_IN_MEMORY } from '../../adapters/gateway/limits.ts'
import { type Gateway, startGateway } from '../../adapters/gateway/server.ts'
import type { ByteStreams } from '../../adapters/libp2p/byte-streams.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Log } from '../../ports/system.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'

/** HTTP over libp2p, as its specification names it. */
const PROTOCOL = '/http/1.1'
/** Of one connection. */
const MAX_STREAMS = 16

export interface GatewaySettings {
  /** Where plain HTTP listens, beside the streams; nowhere when empty. */
  readonly listen: readonly { readonly host: string; readonly port: number }[]
  /** Bytes a second of all uploads together. */
  readonly maxUpload?: number | undefined
}

export interface GatewayExchange {
  /** Null until it was started, or when plain HTTP is off. */
  readonly url: string | null
  session(options: {
    readonly peers: () => readonly string[]
    readonly root: CID
    readonly stallMs: number
    readonly onLeft: (peer: string, fault: SourceFault) => void
  }): Session
  /** @throws ColdmeshError `refused` */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Serves what is here by the Trustless Gateway protocol, and fetches by it from peers. */
export function createGatewayExchange(options: {
  readonly streams: ByteStreams
  /** Our own peer id. */
  readonly self: string
  readonly blocks: Pick<LocalBlocks, 'get' | 'has'>
  readonly files: Pick<WeightFiles, 'open' | 'partOf'> | null
  readonly settings: GatewaySettings
  readonly isUrgent: (root: CID) => boolean
  readonly log: Log
}): GatewayExchange {
  const { streams, log } = options
  const now = (): number => performance.now()
  const strangers = createStrangers(now)
  const buffers = createBuffers({ bytes: LEAF_BYTES, max: DEFAULT_LEAVES_IN_MEMORY })
  const reach = {
    open: (peer: string, signal: AbortSignal) => streams.open(peer, PROTOCOL, { maxStreams: MAX_STREAMS, signal }),
    hostOf: streams.hostOf,
  }
  let gateway: Gateway | undefined
  return {
    get url() {
      return gateway?.url ?? null
    },
    session: ({ peers, root, stallMs, onLeft }) =>
      createSession({
        ...{ reach, peers, strangers, now, log, onLeft, buffers },
        startAt: placeOf(options.self, root),
        limits: { stallMs: Math.min(MAX_SILENCE_MS, Math.ceil(stallMs / 4)) },
      }),
    async start() {
      const { blocks, files, isUrgent, settings } = options
      gateway = await startGateway({ blocks, files, isUrgent, log, ...settings })
      const serving = gateway
      await streams.accept(PROTOCOL, (stream, peer) => serving.attach(stream, peer), { maxStreams: MAX_STREAMS })
    },
    async stop() {
      await gateway?.stop()
    },
  }
}

const MAX_SILENCE_MS = 8_000

/** Where in a file a peer begins: its own place, so that those who fetch the same have what others lack. */
function placeOf(self: string, root: CID): number {
  let hash = 0
  for (const letter of `${self} ${root}`) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  return hash / 2 ** 32
}
