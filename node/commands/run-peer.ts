import {
  createLog,
  createPeer,
  type Dataset,
  initDataDir,
  type Log,
  type Peer,
  type PeerOptions,
  type Trainer,
} from 'coldmesh'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import type { OptionValues } from '../options.ts'

export type MeshOption =
  | 'listen'
  | 'announce'
  | 'peer'
  | 'noMdns'
  | 'noDht'
  | 'joinTimeout'
  | 'checkStore'
  | 'keepRounds'
  | 'diskBudget'
  | 'gateway'
  | 'maxUpload'
  | 'ipfs'
  | 'delta'
  | 'logLevel'

export interface RunPeerOptions {
  readonly dataDir: string
  readonly network: string | undefined
  readonly options: OptionValues<MeshOption>
  readonly trainer: Trainer | undefined
  readonly gateData?: Dataset | undefined
  readonly signal: AbortSignal
  readonly onStarting?: PeerOptions['onStarting']
}

/** A peer on `dataDir`, which is made first when there is none. */
export async function runPeer(request: RunPeerOptions): Promise<Peer> {
  const { dataDir, network, options, trainer, gateData, signal } = request
  const { listen, announce, peer, noMdns, noDht, joinTimeout, checkStore, keepRounds, logLevel } = options
  const { diskBudget, gateway, maxUpload, ipfs } = options
  const kept = readKeepRounds(keepRounds)
  const log: Log = createLog({ level: logLevel })
  await initDataDir(dataDir)
  return await createPeer({
    dataDir,
    log,
    signal,
    mdns: !noMdns,
    dht: !noDht,
    delta: options.delta,
    ...(listen.length === 0 ? {} : { listen }),
    ...(announce.length === 0 ? {} : { announce }),
    ...(peer.length === 0 ? {} : { peers: peer }),
    ...defined({
      network,
      trainer,
      gateData,
      joinTimeoutMs: milliseconds(joinTimeout),
      checkStoreMs: milliseconds(checkStore),
      keepRounds: kept,
      ...{ diskBudget, gateway, maxUpload, ipfs },
      onStarting: request.onStarting,
    }),
  })
}

/** @throws CliError `bad-input` */
function readKeepRounds(text: string | undefined): number | 'all' | undefined {
  if (text === undefined || text === 'all') return text
  const rounds = Number(text)
  if (Number.isSafeInteger(rounds) && rounds > 0) return rounds
  throw new CliError('bad-input', `--keep-rounds takes a whole number of at least 1, or all, not "${text}".`)
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}
