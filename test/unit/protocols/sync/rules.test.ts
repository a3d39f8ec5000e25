import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { genesis } from '../../../../protocols/genesis/messages.ts'
import { syncBase, syncDelta, syncHead } from '../../../../protocols/sync/messages.ts'
import { judgeSyncBase, judgeSyncDelta, judgeSyncHead } from '../../../../protocols/sync/rules.ts'
import { fromHex } from '../../../../protocols/wire/bytes.ts'
import { idOf } from '../../../../protocols/wire/codec.ts'
import type { Verdict } from '../../../../protocols/wire/verdict.ts'
import { networkFacts, openNetworkCertificate } from '../../../../src/rounds/network.ts'
import { bytesOf, readVectors, type Vector } from '../../../support/protocols/vectors.ts'

interface JudgedFile {
  readonly genesis: string
  readonly judged: readonly (Vector & { readonly kind: string; readonly round?: number })[]
}

const { genesis: hex, judged } = readVectors<JudgedFile>('sync/judged.v1.json')
const deltas = readVectors<{ readonly judged: readonly (Vector & { readonly checkpointBytes: number })[] }>(
  'sync/judged-deltas.v1.json',
)
const bytes = fromHex(hex) ?? new Uint8Array()
const facts = networkFacts(idOf(bytes), genesis.decode(bytes))
const view = {
  network: facts.id,
  openCertificate: (certificate: Uint8Array) => openNetworkCertificate(facts, certificate),
}

function judge({ kind, round = 0, ...vector }: JudgedFile['judged'][number]): Verdict {
  return kind === syncHead.kind
    ? judgeSyncHead(syncHead.decode(bytesOf(vector)), view)
    : judgeSyncBase(syncBase.decode(bytesOf(vector)), { network: facts.id, round })
}

describe('the judges of sync', () => {
  for (const vector of judged) {
    const { name, verdict, reason } = vector
    it(`${verdict} ${name}`, () => {
      assert.deepEqual({ ...judge(vector) }, reason === undefined ? { verdict } : { verdict, reason })
    })
  }

  for (const vector of deltas.judged) {
    const { name, verdict, reason, checkpointBytes } = vector
    it(`${verdict} ${name}`, () => {
      const found = judgeSyncDelta(syncDelta.decode(bytesOf(vector)), { bytes: checkpointBytes })
      assert.deepEqual({ ...found }, reason === undefined ? { verdict } : { verdict, reason })
    })
  }

  it('have vectors of both kinds, accepted and not', () => {
    for (const kind of [syncHead.kind, syncBase.kind]) {
      const verdicts = new Set(judged.filter((vector) => vector.kind === kind).map(({ verdict }) => verdict))
      assert.ok(verdicts.has('accept') && verdicts.has('reject'), kind)
    }
  })
})
