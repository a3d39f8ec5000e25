import {
  createTrainer,
  type Dataset,
  openSample,
  openTrainingData,
  type Peer,
  type PeerEvent,
  type StartingStatus,
  type Trainer,
} from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { type ControlApi, type ControlApiOptions, startControlApi, startStartingApi } from '../control/api.ts'
import { statusOf } from '../control/routes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { describeFailure } from '../failure.ts'
import { show } from '../text/escape.ts'
import { createEventWriter, eventRecord } from '../text/events.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'
import { type MeshOption, runPeer } from './run-peer.ts'
import { type PlanOption, planOf, snapshotsOf, trainerOptionsOf } from './training.ts'

type Options =
  | 'dir'
  | 'network'
  | MeshOption
  | PlanOption
  | 'apiPort'
  | 'trainOn'
  | 'gateData'
  | DatasetOption
  | 'task'
  | 'license'
  | 'rounds'
  | 'engine'
  | 'threads'
  | 'snapshotEvery'

export const runDaemon: Run<Options> = async (call) => {
  const { options, signal } = call
  const dataDir = dirOf(options)
  // Read before anything else: a wrong column should not first cost a sync.
  const dataset = await readDataset(call)
  const gateData = await readGateData(call)
  const { trainOn, engine, threads } = options
  const trainer =
    trainOn === undefined && threads === undefined && engine === 'auto'
      ? undefined
      : await createTrainer(trainerOptionsOf(options, { output: call.output, dataDir }))
  const stopping = new AbortController()
  const anyStop = AbortSignal.any([signal, stopping.signal])
  // Started by a program that holds a channel to this process (as the demo does): without it nobody would stop us.
  process.once('disconnect', () => stopping.abort())
  const control = { dataDir, port: options.apiPort, onStop: () => stopping.abort() }
  try {
    await using peer = await startPeer(call, { trainer, gateData, signal: anyStop, control })
    const api = await startControlApi({ ...control, peer, openDataset: openTrainingData })
    try {
      sayReady(peer, api.url, call)
      if (dataset !== null) void contribute(peer, dataset, anyStop, call)
      await printEvents(peer.events({ signal: anyStop }), anyStop, call)
    } finally {
      await api.stop()
    }
  } finally {
    await trainer?.stop()
  }
  // Being stopped is how a daemon ends well.
  return EXIT.done
}

/** Most peers know their network, and start in less. */
const STARTING_MS = 1_000

/** Until the peer has found its network, `status` says what that waits for. */
async function startPeer(
  { options }: Call<Options>,
  request: {
    readonly trainer: Trainer | undefined
    readonly gateData: Dataset | undefined
    readonly signal: AbortSignal
    readonly control: Pick<ControlApiOptions, 'dataDir' | 'port' | 'onStop'>
  },
): Promise<Peer> {
  const { control, trainer, gateData, signal } = request
  const { dataDir } = control
  let starting: Promise<ControlApi> | null = null
  let timer: NodeJS.Timeout | undefined
  const onStarting = ({ status }: { readonly status: () => StartingStatus }) => {
    timer = setTimeout(() => {
      starting = startStartingApi({ ...control, status })
      starting.catch(() => {}) // the one that follows it says the same, and ends the daemon
    }, STARTING_MS)
  }
  try {
    return await runPeer({ dataDir, network: options.network, options, trainer, gateData, signal, onStarting })
  } finally {
    clearTimeout(timer)
    await stopStarting(starting)
  }
}

async function stopStarting(starting: Promise<ControlApi> | null): Promise<void> {
  await (await starting?.catch(() => null))?.stop()
}

async function readDataset({ options, output }: Call<Options>) {
  const { trainOn, task } = options
  if (trainOn === undefined) return null
  const read = { ...datasetOptionsOf(options), ...defined({ name: task }) }
  return await withReadingLine(output, (onRead) => openTrainingData(trainOn, { ...read, onRead }))
}

/** The rows to validate with are of what is trained on. */
async function readGateData({ options, output }: Call<Options>) {
  const { gateData } = options
  if (gateData === undefined) return undefined
  const read = datasetOptionsOf({ ...options, validation: undefined })
  const data = await withReadingLine(output, (onRead) => openSample(gateData, { ...read, onRead }))
  if (data.of > data.examples.length)
    output.say(`judges by ${data.examples.length} of ${data.of} rows of ${show(gateData)}`)
  return data
}

function sayReady(peer: Peer, api: string, { output }: Call<Options>): void {
  const status = statusOf(peer)
  const { peerId, multiaddrs, network, round, base, invite, gateway } = status
  output.result({ event: 'ready', peerId, multiaddrs, api, gateway, network, round, base, invite }, () =>
    [
      `${output.colors.green('ready')}: peer ${show(peerId)}, round ${round}, base ${show(base)}`,
      ...multiaddrs.map((address) => `  ${show(address)}`),
      `  control API ${api}`,
      `  invite ${invite}`,
    ].join('\n'),
  )
}

/** Every round, until `rounds` are done or the daemon stops. A failure ends the contributing, not the peer. */
async function contribute(
  peer: Peer,
  dataset: NonNullable<Awaited<ReturnType<typeof readDataset>>>,
  signal: AbortSignal,
  { options, output }: Call<Options>,
): Promise<void> {
  const { task, license, rounds = Number.POSITIVE_INFINITY } = options
  try {
    const joining = peer.join({
      dataset,
      plan: planOf(options),
      recipe: options.recipe,
      rounds,
      signal,
      ...snapshotsOf(options),
      ...defined({ task, license }),
    })
    joining.result.catch(() => {})
    const write = createEventWriter()
    // Everything else is among the peer's own events.
    for await (const event of joining) {
      if (event.type === 'outcome') output.result(eventRecord(event), () => write(event) ?? '')
    }
    await joining.result
  } catch (error) {
    if (signal.aborted) return
    const { code, message, hint } = describeFailure(error)
    output.result(
      { event: 'contributing-failed', error: { code, message, hint } },
      () => `contributes no more: ${show(message)}${hint === null ? '' : ` (${show(hint)})`}`,
    )
  }
}

async function printEvents(
  events: AsyncIterable<PeerEvent>,
  signal: AbortSignal,
  { output }: Call<Options>,
): Promise<void> {
  const write = createEventWriter()
  for await (const event of events) {
    const line = output.json ? '' : write(event)
    if (line !== null) output.result(eventRecord(event), () => line)
    if (signal.aborted) return
  }
}
