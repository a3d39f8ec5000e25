import type { ArchiveFacts, ArchiveReport, VerifyReport } from 'coldmesh'
import { short, show } from './escape.ts'
import { forkLine } from './fork.ts'
import type { Colors } from './output.ts'

/** The chain as a tree, newest first, then every bad link. */
export function formatVerification(
  report: VerifyReport | ArchiveReport,
  colors: Colors,
  trust: string | undefined,
): string {
  const { base, network, valid, trusted, level, rounds, failures } = report
  const verdict = valid ? colors.green('valid') : colors.red('not valid')
  const genesis = trusted ? 'the one you trust' : colors.yellow(distrust(trust))
  // A file that does not say what it is of.
  if (base === '') return [`${verdict}`, ...failures.map((failure) => failureLine(failure, colors))].join('\n')
  const lines = [
    `${show(base)}  ${verdict}, level ${level}`,
    ...rounds.map((round) => {
      const signed = round.certified ? 'certified' : colors.red('not certified')
      return `├─ round ${round.round}  ${short(round.base)}  ${signed}, ${fusionWords(round, colors)}`
    }),
    `└─ genesis  ${show(network)}  ${genesis}`,
    ...(report.fork === null ? [] : [`   ${forkLine(report.fork, colors)}`]),
    ...('archive' in report && report.archive !== null ? [`archive ${archiveLine(report.archive)}`] : []),
    ...failures.map((failure) => failureLine(failure, colors)),
  ]
  return lines.join('\n')
}

function archiveLine({ root, contents, blocks, bytes }: ArchiveFacts): string {
  return `${show(root)}, ${contents}, ${blocks} blocks, ${bytes} bytes`
}

function failureLine({ round, link, reason }: VerifyReport['failures'][number], colors: Colors): string {
  return colors.red(`round ${round}, ${show(link)}: ${show(reason)}`)
}

function distrust(trust: string | undefined): string {
  return trust === undefined ? 'you named no genesis to trust: --trust CID' : `not the one you trust, ${show(trust)}`
}

function fusionWords({ fusion, inputs }: VerifyReport['rounds'][number], colors: Colors): string {
  const from = `${inputs} contributions`
  if (fusion === null) return from
  if (fusion === 'reproduced') return `fusion of ${from} reproduced`
  return colors.red(fusion === 'unavailable' ? `bytes of ${from} are missing here` : `fusion of ${from} differs`)
}
