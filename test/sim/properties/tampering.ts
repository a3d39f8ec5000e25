import { CID } from 'multiformats/cid'
import { isOpenedLineage } from '../../../protocols/lineage/rules.ts'
import { inclusionList, precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { encodeEnvelope, isSigned, type Signed } from '../../../protocols/wire/envelope.ts'
import { lineageView } from '../../../src/rounds/views.ts'
import { createRandom, type Random } from '../../support/rounds/random.ts'
import { flipped, tryRead } from './chain.ts'
import { historyOf } from './history.ts'
import type { Property } from './property.ts'

const SAMPLE = 1
const OTHER_NETWORK = CID.parse('bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi')

const anyBit = (random: Random, bytes: Uint8Array) => flipped(bytes, random.integer(0, 8 * bytes.length - 1))

/** One random bit of some of the messages, of a lineage and of a certificate. */
export const S6: Property = {
  name: 'S6',
  title: 'flipping any bit of any message or file makes verification fail',
  check: (run) => {
    const random = createRandom(run.seed + 66)
    const { machine, net, record, hosts } = run
    const found: string[] = []
    for (const { signed } of sample(random, record.spoken)) {
      if (isSigned(machine.open(anyBit(random, signed.envelope), net.network))) found.push(`a ${signed.message.kind}`)
    }
    const host = hosts.find((one) => !one.liar && one.chain.length > 0)
    const [decision] = host?.chain ?? []
    if (!host || !decision) return found.map(asSentence)
    const certificate = anyBit(random, decision.certificate)
    const { id, quorum, isMember } = host.state.network
    if ('base' in machine.openCertificate(certificate, { network: id, quorum, isMember })) found.push('a certificate')
    const lineage = anyBit(random, decision.lineage)
    if (tryRead(lineage, String(decision.base))) found.push('a lineage')
    return found.map(asSentence)
  },
}

const asSentence = (what: string) => `${what} with one bit flipped is taken`

/** Some of the messages in another network, round, view, kind, and as another base's certificate or lineage. */
export const S7: Property = {
  name: 'S7',
  title: 'replay across network, round, view or kind fails',
  check: (run) => {
    const random = createRandom(run.seed + 77)
    const { machine, net, record } = run
    const found: string[] = []
    for (const { signed } of sample(random, record.spoken)) {
      if (isSigned(machine.open(signed.envelope, OTHER_NETWORK))) found.push('into another network')
      const moved = movedMessage(signed, random)
      if (moved && isSigned(machine.open(encodeEnvelope(moved.payload, signed.signature), net.network)))
        found.push(`into another ${moved.to}`)
    }
    const host = run.hosts.find((one) => !one.liar && one.chain.length > 0)
    if (!host) return found.map(asReplay)
    for (const { signed } of sample(random, record.spoken)) {
      const { round } = signed.message
      const isStale = round < host.state.round
      if (isStale && machine.judge(host.state, signed).verdict === 'accept') found.push('into a later round')
    }
    // A lineage stands where it was made: with the head of another round it is refused.
    const last = historyOf(run).adopted.find(({ read }) => read.round < host.disk.head.round + 1)
    if (last) {
      const opened = machine.openLineage(last.read.lineageBytes, lineageView(host.disk.head))
      if (isOpenedLineage(opened)) found.push('of a lineage into a later round')
    }
    return found.map(asReplay)
  },
}

const asReplay = (what: string) => `a replay ${what} is taken`

function sample<T>(random: Random, items: readonly T[]): readonly T[] {
  return items.length === 0 ? [] : Array.from({ length: SAMPLE }, () => random.pick(items))
}

type Writable<T> = T extends unknown ? { -readonly [K in keyof T]: T[K] } : never

/** The same message with one field changed, for its old signature. */
function movedMessage({ message }: Signed<RoundMessage>, random: Random): { payload: Uint8Array; to: string } | null {
  const to = random.pick(['round', 'view', 'kind', 'network'] as const)
  const fields: Writable<RoundMessage> = { ...message }
  if (to === 'network') fields.network = OTHER_NETWORK
  if (to === 'round') fields.round += 1
  if (fields.kind === 'list/1') {
    if (to === 'view' || to === 'kind') return null
    return { payload: inclusionList.encode(fields), to }
  }
  if (to === 'view') fields.view += 1
  if (fields.kind === 'proposal/1') return to === 'kind' ? null : { payload: proposal.encode(fields), to }
  const isPrevote = fields.kind === 'prevote/1'
  const declaration = isPrevote === (to === 'kind') ? precommit : prevote
  const { network, author, round, view, base } = fields
  return { payload: declaration.encode({ network, author, round, view, base }), to }
}
