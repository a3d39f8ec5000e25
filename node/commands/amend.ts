import type { AmendmentStatus } from 'coldmesh'
import type { Run } from '../command.ts'
import { requireDaemon } from '../control/client.ts'
import { amendmentAnswer, statusAnswer } from '../control/shapes.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatAmendment } from '../text/amendments.ts'
import { parseChange } from './change.ts'
import { dirOf } from './data-dir.ts'
import { parseRollback } from './rollback.ts'

/** Without anything lists what is open; with an id approves; with a change proposes. */
export const runAmend: Run<'dir' | 'add' | 'remove' | 'set' | 'rollback'> = async ({
  args,
  options,
  output,
  signal,
}) => {
  const [id] = args
  const { rollback } = options
  const changesTerms = options.add.length + options.remove.length + options.set.length > 0
  const isChange = changesTerms || rollback !== undefined
  if (id !== undefined && isChange) {
    throw new CliError('bad-input', 'An amendment that exists is approved as it is.', {
      hint: 'Give its id alone, or a change without an id.',
    })
  }
  if (changesTerms && rollback !== undefined) {
    throw new CliError('bad-input', 'A rollback is an amendment of its own.', {
      hint: 'Propose it alone, and the other change in the round after.',
    })
  }
  const daemon = await requireDaemon(dirOf(options))
  const status = await daemon.get('/v1/status', statusAnswer, signal)
  if (id === undefined && !isChange) {
    output.result({ amendments: status.amendments }, () => listText(status.amendments))
    return EXIT.done
  }
  const change = async () =>
    rollback === undefined ? parseChange(options, status.terms) : await parseRollback(rollback, daemon, signal)
  const said: AmendmentStatus =
    id === undefined
      ? await daemon.post('/v1/amendments', await change(), amendmentAnswer, signal)
      : await daemon.post(`/v1/amendments/${encodeURIComponent(id)}/approve`, {}, amendmentAnswer, signal)
  output.result(said, () => formatAmendment(said).join('\n'))
  return EXIT.done
}

function listText(amendments: readonly AmendmentStatus[]): string {
  if (amendments.length === 0) return 'no amendment is open'
  return amendments.flatMap(formatAmendment).join('\n')
}
