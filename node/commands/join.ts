import { resolve } from 'node:path'
import type { JoinEvent, JoinResult } from 'coldmesh'
import { parseInvite } from 'coldmesh/protocols'
import { z } from 'zod'
import type { Call, Run } from '../command.ts'
import { type DaemonClient, findDaemon } from '../control/client.ts'
import { readyStatus } from '../control/daemon-status.ts'
import { joinAnswer, joinResult, peerEvent } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT, isErrorCode } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { createEventWriter, eventRecord } from '../text/events.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'
import type { MeshOption } from './run-peer.ts'
import { type PlanOption, planOf, snapshotsOf, trainerOptionsOf } from './training.ts'

type Options =
  | 'dir'
  | MeshOption
  | PlanOption
  | 'data'
  | DatasetOption
  | 'task'
  | 'license'
  | 'rounds'
  | 'engine'
  | 'threads'
  | 'snapshotEvery'

export const runJoin: Run<Options> = async (call) => {
  const { args, options } = call
  const dataDir = dirOf(options)
  if (options.data === undefined) {
    throw new CliError('bad-input', 'It is not said what to train on.', { hint: 'Add --data FILE.' })
  }
  const data = resolve(options.data)
  const network = args[0]
  const named = network === undefined ? null : networkOf(network)
  const daemon = await findDaemon(dataDir)
  const result =
    daemon === null
      ? await joinHere(dataDir, network, data, call)
      : await joinThrough(daemon, { named, invite: network?.startsWith('coldmesh1') ? network : undefined }, data, call)
  call.output.result({ event: 'result', ...result }, () => `base ${show(result.base)}`)
  return EXIT.done
}

/** @throws CliError `bad-input` for a damaged invite */
function networkOf(text: string): string {
  if (!text.startsWith('coldmesh1')) return text
  try {
    return parseInvite(text).network.toString()
  } catch (cause) {
    throw new CliError('bad-input', 'The invite is damaged: some characters are missing or changed.', {
      hint: 'Copy it again, whole: coldmesh invite prints one.',
      cause,
    })
  }
}

/** No daemon runs here: a peer of our own, for as long as it takes. */
async function joinHere(
  dataDir: string,
  network: string | undefined,
  data: string,
  { options, output, signal }: Call<Options>,
): Promise<JoinResult> {
  const [{ createTrainer, openTrainingData }, { runPeer }] = await Promise.all([
    import('coldmesh'),
    import('./run-peer.ts'),
  ])
  const { task, license, rounds } = options
  const read = { ...datasetOptionsOf(options), ...defined({ name: task }) }
  const dataset = await withReadingLine(output, (onRead) => openTrainingData(data, { ...read, onRead }))
  const trainer = await createTrainer(trainerOptionsOf(options, { output, dataDir }))
  try {
    output.say('looks for the network')
    await using peer = await runPeer({ dataDir, network, options, trainer, signal })
    const joining = peer.join({
      dataset,
      plan: planOf(options),
      recipe: options.recipe,
      signal,
      ...snapshotsOf(options),
      ...defined({ task, license, rounds }),
    })
    joining.result.catch(() => {})
    const write = createEventWriter()
    for await (const event of joining) print(event, write, { output })
    return await joining.result
  } finally {
    await trainer.stop()
  }
}

/** The daemon on this data directory does the work; Ctrl-C cancels it there. */
async function joinThrough(
  daemon: DaemonClient,
  { named: network, invite }: { readonly named: string | null; readonly invite: string | undefined },
  data: string,
  { options, output, signal }: Call<Options>,
): Promise<JoinResult> {
  const status = await readyStatus(daemon, signal)
  if (network !== null && network !== status.network) {
    throw new CliError('bad-input', `The daemon here belongs to another network, ${status.network}.`, {
      hint: 'Stop it, or use another --dir for this network.',
    })
  }
  output.say('hands the work to the daemon that runs here')
  const { task, license, rounds } = options
  const body = {
    data,
    ...datasetOptionsOf(options),
    recipe: options.recipe,
    plan: planOf(options),
    ...defined({ task, license, rounds, invite }),
  }
  const { join } = await daemon.post('/v1/join', body, joinAnswer, signal)
  const cancel = (): void => {
    daemon.post(`/v1/join/${join}/cancel`, {}, z.unknown()).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  const write = createEventWriter()
  // Not ended by Ctrl-C: the daemon ends it once the join is cancelled.
  const untilEnd = new AbortController().signal
  for await (const raw of daemon.events(`/v1/events?join=${join}`, untilEnd)) {
    const ended = readEnd(raw)
    if (ended !== null) return ended
    const event = peerEvent.safeParse(raw)
    if (event.success) print(event.data, write, { output })
  }
  throw new CliError('unreachable', 'The daemon stopped before the join ended.', { hint: 'Start it and join again.' })
}

const resultMessage = z.object({ type: z.literal('result'), result: joinResult })
const errorMessage = z.object({
  type: z.literal('error'),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
})

function readEnd(raw: unknown): JoinResult | null {
  const failed = errorMessage.safeParse(raw)
  if (failed.success) {
    const { code, message, hint } = failed.data.error
    throw new CliError(isErrorCode(code) ? code : 'refused', message, hint === null ? {} : { hint })
  }
  const ended = resultMessage.safeParse(raw)
  return ended.success ? ended.data.result : null
}

function print(
  event: Parameters<typeof eventRecord>[0] | JoinEvent,
  write: ReturnType<typeof createEventWriter>,
  { output }: Pick<Call<Options>, 'output'>,
): void {
  const line = output.json ? '' : write(event)
  if (line !== null) output.result(eventRecord(event), () => line)
}
