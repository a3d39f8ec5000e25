import type { VerifyReport } from 'coldmesh'
import { changeLines } from './amendments.ts'
import { short, show } from './escape.ts'
import { lateBy } from './events.ts'
import type { Colors } from './output.ts'
import { wrap } from './wrap.ts'

type Round = VerifyReport['rounds'][number]
type Details = NonNullable<Round['details']>
type Failure = VerifyReport['failures'][number]

/** Contributions of a round that are told one by one. */
const MAX_LINES = 16
const NAME = { maxLength: 40 } as const

/** A round as a branch of the tree: its base, what it was made of, and what is wrong. */
export function roundLines(round: Round, failures: readonly Failure[], colors: Colors): string[] {
  const signed = round.certified ? 'certified' : colors.red('not certified')
  return [
    `├─ round ${round.round}  ${short(round.base)}  ${signed}, ${fusionWords(round, colors)}`,
    ...(round.details === null ? [] : detailLines(round.details)).flatMap((line) => wrap(line, '│  ', '│    ')),
    ...failures.flatMap(({ link, reason }) =>
      wrap(`${show(link)}: ${show(reason, { maxLength: 400 })}`, '│  ✗ ', '│    ').map(colors.red),
    ),
  ]
}

function fusionWords({ fusion, inputs }: Round, colors: Colors): string {
  const from = `${inputs} contributions`
  if (fusion === null) return from
  if (fusion === 'reproduced' || fusion === 'sampled') return `fusion of ${from} ${fusion}`
  return colors.red(fusion === 'unavailable' ? `bytes of ${from} are missing here` : `fusion of ${from} differs`)
}

function detailLines({ certificate, quorum, lists, inputs, excluded, exclusions, amendment }: Details): string[] {
  const signers = certificate?.signers.map(({ name }) => show(name, NAME)).join(', ')
  return [
    ...(certificate === null
      ? []
      : [`signatures: ${certificate.signers.length} of ${quorum} needed, in view ${certificate.view}: ${signers}`]),
    `lists: ${lists} of ${quorum} needed`,
    ...inputs.slice(0, MAX_LINES).map(({ id, author, task, dataset, rows, vouchedBy, staleness }) => {
      const vouched = vouchedBy === null ? '' : `, vouched for by ${short(vouchedBy)}`
      const what = `${show(task, NAME)}: ${rows} rows of ${show(dataset, NAME)}`
      return `+ ${short(id)}  ${what}, by ${short(author)}${lateBy(staleness)}${vouched}`
    }),
    ...moreThan(inputs.length, Math.min(inputs.length, MAX_LINES), '+'),
    ...excluded.slice(0, MAX_LINES).map(({ id, author, reason }) => {
      return `- ${short(id)}  by ${short(author)}, left out: ${show(reason, NAME)}`
    }),
    ...moreThan(exclusions, Math.min(excluded.length, MAX_LINES), '-'),
    ...(amendment === null
      ? []
      : [
          `* amendment ${short(amendment.id)}, in force from round ${amendment.from}: ${changeLines(amendment.change).join('; ')}`,
        ]),
  ]
}

function moreThan(all: number, told: number, sign: string): string[] {
  return all === told ? [] : [`${sign} and ${all - told} more`]
}
