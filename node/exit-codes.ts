import type { ErrorCode } from 'coldmesh'

/** What the process's exit code says. Stable; listed in docs/cli.md. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  network: 3,
  notValid: 4,
  refused: 5,
  interrupted: 130,
} as const

export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.bug, 'a bug in coldmesh'],
  [EXIT.usage, 'usage, or bad input: a file, column, option or value'],
  [EXIT.network, 'network or peers: unreachable, missing bytes, a deadline'],
  [EXIT.notValid, 'not valid: verification said no'],
  [EXIT.refused, 'refused by this machine: lock, disk, permission, port, old Node'],
  [EXIT.interrupted, 'interrupted'],
]

const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  'bad-input': EXIT.usage,
  'bad-checkpoint': EXIT.usage,
  'bad-model': EXIT.usage,
  'bad-dataset': EXIT.usage,
  'too-large': EXIT.usage,
  unsupported: EXIT.usage,
  'block-missing': EXIT.network,
  deadline: EXIT.network,
  unreachable: EXIT.network,
  'block-corrupt': EXIT.notValid,
  'not-valid': EXIT.notValid,
  locked: EXIT.refused,
  refused: EXIT.refused,
  aborted: EXIT.interrupted,
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(EXIT_OF, code)
}

export function exitCodeOf(code: ErrorCode): number {
  return EXIT_OF[code]
}
