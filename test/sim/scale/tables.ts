import { faultsOf } from '../../../protocols/wire/election.ts'
import { duration, number, size, table } from './format.ts'
import { type Cell, DESIGNS, EIGHTS, EXCHANGE, type Outcome, simulate, TODAY } from './round.ts'
import { allLiars, falseLeafPasses, passesChecks } from './security.ts'

export const CONTRIBUTORS = [10, 100, 1000, 10_000] as const
export const COMMITTEES = [4, 7, 16, 32, 64] as const
export const SIZES = [90e6, 500e6, 14e9] as const
export const SPEEDS = [20e6, 100e6, 1e9] as const

type Row = readonly string[]
type Crowd = Pick<Cell, 'contributors' | 'members'>

export const crowds = (): readonly Crowd[] =>
  CONTRIBUTORS.flatMap((contributors) => COMMITTEES.map((members) => ({ contributors, members })))

const headOf = ({ contributors, members }: Crowd): Row => [contributors.toLocaleString('en-US'), String(members)]

/** Time of a round and inputs within an hour, for each size. A fetch that is too slow for the default limits: a star. */
export function timeRow(crowd: Crowd, bitsPerSecond: number): Row {
  const outcomes = SIZES.map((bytes) => simulate({ ...crowd, bytes, bitsPerSecond }, TODAY))
  return [...headOf(crowd), ...outcomes.map(timeCell)]
}

function timeCell({ seconds, inputsInAnHour, isFastEnough }: Outcome): string {
  return `${duration(seconds.round)}; ${inputsInAnHour}${isFastEnough ? '' : ' \\*'}`
}

/** In checkpoints, whatever their size and the links. */
export function bytesRow(crowd: Crowd): Row {
  const cell = { ...crowd, bytes: 500e6, bitsPerSecond: 100e6 }
  const cells = [TODAY, EXCHANGE].flatMap((design) => {
    const { collected, swarmed } = simulate(cell, design)
    return [
      `${number(collected.authorSent.mean)}`,
      number(collected.memberReceived),
      number(collected.memberSent + swarmed.holderSent),
      number(swarmed.peerSent.mean),
      number(swarmed.peerSent.most),
    ]
  })
  return [...headOf(crowd), ...cells]
}

function phaseRow(members: number): Row {
  const cell = { contributors: 1000, members, bytes: 500e6, bitsPerSecond: 100e6 }
  const { seconds, collected, stepTimeoutSeconds } = simulate(cell, TODAY)
  const { announce, collect, propose, vote, spread } = seconds
  const times = [announce, collect, propose, vote, spread, stepTimeoutSeconds].map(duration)
  return [String(members), ...times, collected.bottleneck]
}

function designRows(members: number): readonly Row[] {
  return DESIGNS.filter((design) => design !== EIGHTS || members >= 16).map((design) => {
    const at = (bytes: number) => simulate({ contributors: 1000, members, bytes, bitsPerSecond: 100e6 }, design)
    const { collected } = at(SIZES[0])
    return [
      String(members),
      design.name,
      String(design.groups(members)),
      number(collected.memberReceived),
      number(collected.authorSent.mean),
      ...SIZES.map((bytes) => duration(at(bytes).seconds.round)),
      collected.bottleneck,
    ]
  })
}

function talkRow(crowd: Crowd): Row {
  const { sizes, talk } = simulate({ ...crowd, bytes: 500e6, bitsPerSecond: 100e6 }, TODAY)
  const { contribution, list, vote, certificate, lineage } = sizes
  return [...headOf(crowd), ...[contribution, list, vote, certificate, lineage, talk.follower].map(size)]
}

function securityRow(members: number): Row {
  const liars = faultsOf(members, 'byzantine')
  const groups = EIGHTS.groups(members)
  const shared = { members, liars, groups, size: 8 }
  const chance = (value: number) => (value === 0 ? '0' : value.toExponential(0))
  return [
    String(members),
    String(liars),
    String(groups),
    chance(groups * allLiars(members, liars, 8)),
    ...[0.01, 0.05, 0.2].map((share) => chance(passesChecks(1, members - liars, share))),
    chance(passesChecks(100, members - liars, 0.01)),
    chance(falseLeafPasses({ ...shared, checkedShare: 0.05 })),
  ]
}

const crowdHead = ['contributors', 'committee']
const sizesHead = SIZES.map((bytes) => size(bytes))

/** The tables of docs/scale.md, by name. */
export const TABLES: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    SPEEDS.map((speed) => [
      `time-${speed / 1e6}`,
      () =>
        table(
          [...crowdHead, ...sizesHead],
          crowds().map((crowd) => timeRow(crowd, speed)),
        ),
    ]),
  ),
  phases: () =>
    table(
      [
        'committee',
        'announce',
        'collect',
        'propose',
        'vote',
        'spread',
        'step timeout',
        'what holds the collecting back',
      ],
      COMMITTEES.map(phaseRow),
    ),
  bytes: () => {
    const columns = ['contributor sends', 'member gets', 'member sends', 'follower sends', 'at most']
    return table([...crowdHead, ...columns, ...columns.map((column) => `*${column}*`)], crowds().map(bytesRow))
  },
  talk: () =>
    table(
      [...crowdHead, 'contribution', 'list', 'vote', 'certificate', 'lineage', 'gossip, each peer'],
      CONTRIBUTORS.flatMap((contributors) => [4, 64].map((members) => talkRow({ contributors, members }))),
    ),
  designs: () =>
    table(
      [
        'committee',
        'design',
        'groups',
        'member gets',
        'contributor sends',
        ...sizesHead,
        'what holds the collecting back',
      ],
      COMMITTEES.flatMap(designRows),
    ),
  security: () =>
    table(
      [
        'committee',
        'liars',
        'groups of 8',
        'a group of liars',
        '1 leaf passes checks of 1%',
        'of 5%',
        'of 20%',
        '100 leaves pass checks of 1%',
        'both, 1 leaf, 5%',
      ],
      [16, 32, 64].map(securityRow),
    ),
}
