import type { AmendmentChange } from 'coldmesh'
import type { DaemonClient } from '../control/client.ts'
import { cidText, roundAnswer } from '../control/shapes.ts'
import { CliError } from '../failure.ts'

/** The change that goes back to a round's base, or to a base by its CID. @throws CliError `bad-input`, `not-found` */
export async function parseRollback(
  text: string,
  daemon: Pick<DaemonClient, 'get'>,
  signal: AbortSignal,
): Promise<AmendmentChange> {
  if (cidText.safeParse(text).success) return { rollback: { base: text } }
  if (!/^\d{1,9}$/.test(text)) {
    throw new CliError('bad-input', `--rollback takes a round or the CID of a base, not "${text}".`, {
      hint: '`coldmesh log` lists the rounds with their bases.',
    })
  }
  const round = Number(text)
  // The genesis' base has no round of its own.
  const { base, parent } = await daemon.get(`/v1/rounds/${Math.max(1, round)}`, roundAnswer, signal)
  return { rollback: { base: round === 0 ? parent : base } }
}
