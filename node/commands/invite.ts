import type { VouchedInvite } from 'coldmesh'
import type { Run } from '../command.ts'
import { findDaemon, requireDaemon } from '../control/client.ts'
import { readyStatus } from '../control/daemon-status.ts'
import { inviteAnswer } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { dirOf } from './data-dir.ts'

export const runInvite: Run<'dir' | 'for' | 'rounds'> = async ({ options, output, signal }) => {
  const dir = dirOf(options)
  if (options.for !== undefined) {
    const vouched = await vouch(dir, { for: options.for, ...defined({ rounds: options.rounds }) }, signal)
    output.result(vouched, () => vouched.invite)
    return EXIT.done
  }
  if (options.rounds !== undefined) {
    throw new CliError('bad-input', 'Without --for an invite holds no voucher, and so for no number of rounds.', {
      hint: 'Add --for KEY, or leave --rounds out.',
    })
  }
  const daemon = await requireDaemon(dir)
  const { invite, network } = await readyStatus(daemon, signal)
  output.result({ invite, network }, () => invite)
  return EXIT.done
}

/** By the daemon that runs on the data directory, else from its files. */
async function vouch(
  dataDir: string,
  options: { readonly for: string; readonly rounds?: number },
  signal: AbortSignal,
): Promise<VouchedInvite> {
  const daemon = await findDaemon(dataDir)
  if (daemon !== null) return await daemon.post('/v1/invite', options, inviteAnswer, signal)
  const { vouchOffline } = await import('coldmesh')
  return await vouchOffline({ dataDir, ...options })
}
