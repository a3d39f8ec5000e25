import type { Run } from '../command.ts'
import { requireDaemon } from '../control/client.ts'
import { statusAnswer } from '../control/shapes.ts'
import { EXIT } from '../exit-codes.ts'
import { dirOf } from './data-dir.ts'

export const runInvite: Run<'dir'> = async ({ options, output, signal }) => {
  const daemon = await requireDaemon(dirOf(options))
  const { invite, network } = await daemon.get('/v1/status', statusAnswer, signal)
  output.result({ invite, network }, () => invite)
  return EXIT.done
}
