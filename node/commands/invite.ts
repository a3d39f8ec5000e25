import type { Run } from '../command.ts'
import { requireDaemon } from '../control/client.ts'
import { readyStatus } from '../control/daemon-status.ts'
import { EXIT } from '../exit-codes.ts'
import { dirOf } from './data-dir.ts'

export const runInvite: Run<'dir'> = async ({ options, output, signal }) => {
  const daemon = await requireDaemon(dirOf(options))
  const { invite, network } = await readyStatus(daemon, signal)
  output.result({ invite, network }, () => invite)
  return EXIT.done
}
