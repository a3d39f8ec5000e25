import type { ArchiveFacts, ArchiveReport, VerifyReport } from 'coldmesh'
import { show } from './escape.ts'
import { forkLine } from './fork.ts'
import type { Colors } from './output.ts'
import { roundLines } from './verified-round.ts'
import { wrap } from './wrap.ts'

type Round = VerifyReport['rounds'][number]
type Failure = VerifyReport['failures'][number]

/** How the caller may say whom to trust. */
const HOW_TO_TRUST =
  'say it with --trust GENESIS_CID, or --trust KEY for members of the committee, from somebody you trust: what came with the files proves nothing about who made them'

/**
 * The chain as a tree, newest base first, bad links in their places. Rounds without details are told together.
 * @param trust the genesis that the caller named
 */
export function formatVerification(
  report: VerifyReport | ArchiveReport,
  colors: Colors,
  trust: string | undefined,
): string {
  const { base, network, rounds, failures, fork } = report
  // A file that does not say what it is of.
  if (base === '') return [...verdictLines(report, colors), ...firstBadLink(report).map(colors.red)].join('\n')
  const failuresOf = Map.groupBy(failures, ({ round }) => round)
  const known = new Set(rounds.map(({ round }) => round))
  const elsewhere = failures.filter(({ round }) => round !== 0 && !known.has(round))
  const genesis = [...trustWords(report, trust, colors), ...(fork === null ? [] : [forkLine(fork, colors)])]
  return [
    show(base),
    ...verdictLines(report, colors),
    ...foldedRounds(rounds, failuresOf).flatMap((part) =>
      Array.isArray(part) ? [foldLine(part)] : roundLines(part, failuresOf.get(part.round) ?? [], colors),
    ),
    ...elsewhere.flatMap((failure) => badLines(failure, '├─ ', '│  ').map(colors.red)),
    `└─ genesis  ${show(network)}`,
    ...genesis.flatMap((line) => wrap(line, '   ', '   ')),
    ...(failuresOf.get(0) ?? []).flatMap((failure) => badLines(failure, '   ✗ ', '     ').map(colors.red)),
    ...('archive' in report && report.archive !== null ? archiveLines(report.archive) : []),
    ...sampleLines(report),
    ...firstBadLink(report).map(colors.red),
  ].join('\n')
}

/** Names the first bad link; none when nothing is wrong. */
export function firstBadLink({ failures, valid }: Pick<VerifyReport, 'failures' | 'valid'>): string[] {
  const [first] = failures
  if (first === undefined) return valid ? [] : ['not valid: not certified, or not every round could be checked']
  const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`
  const { round, link, reason } = first
  return wrap(`first bad link: round ${round}, ${show(link)}: ${show(reason, { maxLength: 400 })}${more}`, '', '  ')
}

function verdictLines({ valid, level, trust }: VerifyReport, colors: Colors): string[] {
  if (!valid) return [colors.red(`not valid, level ${level}`)]
  if (trust.genesis !== null || trust.keys !== null) return [`${colors.green('valid')}, level ${level}`]
  const said = `consistent, level ${level}, but you have not said whom you trust`
  return [colors.yellow(said), ...wrap(HOW_TO_TRUST, '  ', '  ')]
}

function trustWords({ trust: { genesis, keys } }: VerifyReport, trust: string | undefined, colors: Colors): string[] {
  return [
    ...(genesis === true ? ['the one you trust'] : []),
    ...(genesis === false ? [colors.red(`not the one you trust, ${show(trust ?? '?')}`)] : []),
    ...(keys === null
      ? []
      : [`keys that you trust: ${keys.signed} of ${keys.named} signed the base, ${keys.need} needed`]),
  ]
}

/** Rounds that are told alone, and between them those that are told together. */
function foldedRounds(
  rounds: readonly Round[],
  failuresOf: ReadonlyMap<number, readonly Failure[]>,
): (Round | Round[])[] {
  const parts: (Round | Round[])[] = []
  let folded: Round[] = []
  const unfold = () => {
    if (folded.length === 1) parts.push(...folded)
    else if (folded.length > 1) parts.push(folded)
    folded = []
  }
  for (const round of rounds) {
    const isTold = round.details !== null || failuresOf.has(round.round)
    if (!isTold) {
      const [first] = folded
      if (first !== undefined && (first.fusion !== round.fusion || first.certified !== round.certified)) unfold()
      folded.push(round)
      continue
    }
    unfold()
    parts.push(round)
  }
  unfold()
  return parts
}

function foldLine(rounds: readonly Round[]): string {
  const [newest, oldest] = [rounds[0], rounds.at(-1)]
  const inputs = rounds.reduce((sum, round) => sum + round.inputs, 0)
  const fusion = newest?.fusion ?? null
  const fused = fusion === null ? '' : `, ${fusion === 'unavailable' ? 'bytes missing here' : fusion}`
  const signed = newest?.certified === true ? 'certified' : 'not certified'
  return `┊  rounds ${oldest?.round} to ${newest?.round}: ${signed}${fused}, ${inputs} contributions`
}

function badLines({ round, link, reason }: Failure, first: string, rest: string): string[] {
  const where = round === 0 ? '' : `round ${round}, `
  return wrap(`${where}${show(link)}: ${show(reason, { maxLength: 400 })}`, first, rest)
}

function archiveLines({ root, contents, blocks, bytes }: ArchiveFacts): string[] {
  return wrap(`${show(root)}, ${contents}, ${blocks} blocks, ${bytes} bytes`, 'archive ', '  ')
}

function sampleLines({ sample }: VerifyReport): string[] {
  if (sample === null) return []
  const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`
  const caught = sample.caught
    .map(({ fraction, probability }) => `${percent(fraction)} of its leaves wrong: ${percent(probability)}`)
    .join('; ')
  const text = `${sample.leaves} leaves of each round, drawn by the seed ${sample.seed}. How probable it is that a round is caught with ${caught}`
  return wrap(text, 'sampled ', '  ')
}
