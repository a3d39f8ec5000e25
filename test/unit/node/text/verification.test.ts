import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { VerifyReport } from 'coldmesh'
import pc from 'picocolors'
import { firstBadLink, formatVerification } from '../../../../node/text/verification.ts'

type Round = VerifyReport['rounds'][number]

const CID = `bafybei${'a'.repeat(52)}`
const NETWORK = `bafyrei${'b'.repeat(52)}`
const KEY = 'c'.repeat(64)
/** What a terminal must not see: it clears the screen, and turns the direction of what follows around. */
const HOSTILE = '\u001b[2Jname\u202e\nnext'

function roundOf(round: number, changes: Partial<Round> = {}): Round {
  return { round, base: CID, certified: true, fusion: 'reproduced', inputs: 2, details: null, ...changes }
}

function detailsWith(name: string): Round['details'] {
  const input = { id: CID, author: KEY, task: name, dataset: name, rows: 120, vouchedBy: KEY, staleness: 1 }
  return {
    certificate: { view: 0, signers: ['ada', 'ben', name].map((signer) => ({ name: signer, key: KEY })) },
    ...{ quorum: 3, lists: 3, inputs: Array.from({ length: 20 }, () => input) },
    excluded: [{ id: CID, author: KEY, reason: 'copy' }],
    exclusions: 30,
    amendment: { id: CID, from: 9, change: { add: [{ name, key: KEY }], round: { collectMs: 60_000 } } },
  }
}

function reportOf(changes: Partial<VerifyReport> = {}): VerifyReport {
  return {
    ...{ base: CID, network: NETWORK, valid: true, certified: true, trusted: true, level: 'full' },
    trust: { genesis: true, keys: null },
    sample: null,
    rounds: [roundOf(2), roundOf(1)],
    failures: [],
    fork: null,
    ...changes,
  }
}

const plain = pc.createColors(false)
const linesOf = (report: VerifyReport, trust?: string) => formatVerification(report, plain, trust).split('\n')

describe('formatVerification', () => {
  it('begins with the base and its verdict, ends with the genesis', () => {
    const lines = linesOf(reportOf())
    assert.deepEqual(lines.slice(0, 2), [CID, 'valid, level full'])
    assert.deepEqual(lines.slice(-2), [`└─ genesis  ${NETWORK}`, '   the one you trust'])
  })

  it('says of a base that is consistent how to say whom to trust', () => {
    const text = linesOf(reportOf({ trusted: false, trust: { genesis: null, keys: null } })).join(' ')
    assert.match(text, /consistent, level full, but you have not said whom you trust/)
    assert.match(text, /--trust GENESIS_CID/)
    assert.doesNotMatch(text, /valid/)
  })

  it('says how many of the keys signed, and names another genesis', () => {
    const keys = { named: 4, signed: 1, need: 2 }
    const text = linesOf(reportOf({ valid: false, trust: { genesis: false, keys } }), 'bafyother').join('\n')
    assert.match(text, /not valid, level full/)
    assert.match(text, /keys that you trust: 1 of 4 signed the base, 2 needed/)
    assert.match(text, /not the one you trust, bafyother/)
  })

  it('tells rounds without details together, and apart what differs', () => {
    const rounds = Array.from({ length: 30 }, (_, i) => {
      const round = 30 - i
      if (round === 30) return roundOf(round, { details: detailsWith('name') })
      return roundOf(round, round <= 10 ? { fusion: 'unavailable' } : {})
    })
    const failure = { round: 20, link: 'card', reason: 'other-bytes' }
    const lines = linesOf(reportOf({ rounds, failures: [failure], valid: false }))
    assert.deepEqual(
      lines.filter((line) => line.startsWith('┊')),
      [
        '┊  rounds 21 to 29: certified, reproduced, 18 contributions',
        '┊  rounds 11 to 19: certified, reproduced, 18 contributions',
        '┊  rounds 1 to 10: certified, bytes missing here, 20 contributions',
      ],
    )
    const at = lines.findIndex((line) => line.startsWith('├─ round 20  '))
    assert.equal(lines[at + 1], '│  ✗ card: other-bytes')
  })

  it('names the first bad link last, the genesis’ and those of rounds that are not here in their places', () => {
    const failures = [
      { round: 0, link: 'file config.json', reason: 'other-bytes' },
      { round: 1, link: 'weights', reason: 'differs: tensor "w", element 7: the fusion gives 0.5, the base has 1' },
      { round: 9, link: 'block b', reason: 'block-missing' },
    ]
    const lines = linesOf(reportOf({ failures, valid: false }))
    assert.equal(lines.at(-1), 'first bad link: round 0, file config.json: other-bytes (and 2 more)')
    const text = lines.join('\n')
    assert.match(text, /│ {2}✗ weights: differs: tensor "w", element 7: the fusion gives 0\.5, the base/)
    assert.match(text, /├─ round 9, block b: block-missing\n└─ genesis/)
    assert.match(text, /└─ genesis .*\n.*\n {3}✗ file config\.json: other-bytes\n/)
    assert.deepEqual(firstBadLink({ failures: [], valid: true }), [])
  })

  it('says what a sample was drawn by, and what it would have caught', () => {
    const caught = [{ fraction: 0.01, probability: 0.14854 }]
    const text = linesOf(reportOf({ sample: { seed: KEY, leaves: 16, caught } })).join(' ')
    assert.match(text, new RegExp(`sampled 16 leaves of each round, drawn by the seed +${KEY}`))
    assert.match(text, /caught with +1 % of its leaves wrong: +14\.9 %/)
  })

  it('fits 80 columns and shows nothing that a terminal obeys, whatever peers wrote', () => {
    const long = `${HOSTILE} ${'x'.repeat(300)}`
    for (const name of [HOSTILE, long]) {
      const rounds = [roundOf(10_000, { details: detailsWith(name), fusion: 'differs', certified: false }), roundOf(1)]
      const failures = [0, 1, 77, 10_000].map((round) => ({ round, link: name, reason: name }))
      const sample = { seed: KEY, leaves: 16, caught: [{ fraction: 0.01, probability: 0.15 }] }
      const lines = linesOf(reportOf({ rounds, failures, sample, valid: false, level: 'sample' }), NETWORK)
      for (const line of lines) {
        assert.ok(line.length <= 80, line)
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
      }
    }
  })

  it('has colours where they are wanted, around whole lines', () => {
    const failures = [{ round: 1, link: 'weights', reason: 'differs '.repeat(40) }]
    const coloured = formatVerification(reportOf({ failures, valid: false }), pc.createColors(true), undefined)
    assert.ok(coloured.includes('\u001b[31m'))
    for (const line of coloured.split('\n')) {
      assert.equal(line.split('\u001b[31m').length, line.split('\u001b[39m').length)
    }
  })
})
