import type { Run } from '../command.ts'
import { requireDaemon } from '../control/client.ts'
import { peersAnswer } from '../control/shapes.ts'
import { EXIT } from '../exit-codes.ts'
import { show } from '../text/escape.ts'
import { createTable } from '../text/status.ts'
import { dirOf } from './data-dir.ts'

export const runPeers: Run<'dir'> = async ({ options, output, signal }) => {
  const daemon = await requireDaemon(dirOf(options))
  const { peers } = await daemon.get('/v1/peers', peersAnswer, signal)
  output.result({ peers }, () => {
    if (peers.length === 0) return 'no peer is connected'
    const table = createTable(['peer', 'member', 'score', 'unanswered', 'addresses'])
    for (const { id, member, score, unanswered, addresses } of peers) {
      table.push([show(id), show(member ?? ''), score, unanswered, addresses.map((address) => show(address)).join(' ')])
    }
    return table.toString()
  })
  return EXIT.done
}
