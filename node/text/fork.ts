import type { ForkStatus } from 'coldmesh'
import { show } from './escape.ts'
import type { Colors } from './output.ts'

/** What a network began as, and whether that is so. */
export function forkLine({ of, network, round, state, reason }: ForkStatus, colors: Colors): string {
  const where = network === null ? 'of a network that is not known here' : `round ${round} of network ${show(network)}`
  const said = `fork of ${show(of)} (${where})`
  if (state === 'verified') return `${said}, ${colors.green('verified')}`
  if (state === 'not-valid') return colors.red(`${said}: not so: ${show(reason ?? '?')}`)
  return colors.yellow(`${said}, which can't be checked here: ${show(reason ?? '?')}`)
}
