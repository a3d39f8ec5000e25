import { z } from 'zod'
import { CliError } from '../failure.ts'
import type { DaemonClient } from './client.ts'
import { type DaemonStatus, type StartingAnswer, startingAnswer, statusAnswer } from './shapes.ts'

/** What the daemon is at, also before it has found its network. */
export async function anyStatus(daemon: DaemonClient, signal?: AbortSignal): Promise<DaemonStatus | StartingAnswer> {
  return await daemon.get('/v1/status', z.union([statusAnswer, startingAnswer]), signal)
}

/** @throws CliError `unreachable` while the daemon has not found its network */
export async function readyStatus(daemon: DaemonClient, signal?: AbortSignal): Promise<DaemonStatus> {
  const status = await anyStatus(daemon, signal)
  if (status.phase !== 'starting') return status
  throw new CliError('unreachable', 'The daemon has not found its network yet.', {
    hint: '`coldmesh status` says what it waits for.',
  })
}
