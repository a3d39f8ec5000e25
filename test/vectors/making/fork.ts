import { genesis } from '../../../protocols/genesis/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { testCid, testNetwork } from '../../support/protocols/network.ts'
import { type ForkSituation, judgeForkIn } from '../../support/protocols/situations.ts'
import { acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'

const base = testCid('base without history')
const fork = testNetwork({ base, forkOf: testCid('old base') }).bytes
const start = String(base)
const other = String(testCid('other files'))

const JUDGED: readonly (readonly [string, ForkSituation, ReturnType<typeof stated>])[] = [
  ['the same files, certified', { start, isCertified: true }, { verdict: 'accept' }],
  ['2.7 other files', { start: other, isCertified: true }, { verdict: 'reject', reason: 'fork-other-files' }],
  ['2.7 other files, whatever the rest', { start: other, isCertified: null }, { verdict: 'reject', reason: 'fork-other-files' }],
  ['2.8 a history that does not hold', { start, isCertified: false }, { verdict: 'reject', reason: 'fork-bad-history' }],
  ['2.9 no certificate here', { start, isCertified: null }, { verdict: 'ignore', reason: 'fork-unchecked' }],
  ['2.9 nothing here', { start: null, isCertified: null }, { verdict: 'ignore', reason: 'fork-unchecked' }],
]

export function makeFork(): void {
  freezeKind('genesis/fork.v1.json', {
    kind: genesis.kind,
    carrier: 'object',
    accepted: [acceptedObject('a fork', fork)],
    rejected: [wrong('2.6 a fork of its own base', 'fork-of-itself', testNetwork({ base, forkOf: base }).bytes)].map(rejected),
    judged: JUDGED.map(([name, view, expected]) => {
      const said = stated(judgeForkIn(fork, view))
      if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
      return { name, ...expected, view, hex: toHex(fork) }
    }),
  })
}
