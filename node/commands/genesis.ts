import { createGenesis, initDataDir, readConfig } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import { dirOf } from './data-dir.ts'
import { isKeyText, parseMember } from './members.ts'

type Options =
  | 'dir'
  | 'name'
  | 'base'
  | 'member'
  | 'quorum'
  | 'rule'
  | 'contributors'
  | 'minContributions'
  | 'maxContributions'
  | 'collect'
  | 'grace'
  | 'viewTimeout'

const DEFAULT_NAME = 'coldmesh'

export const runGenesis: Run<Options> = async ({ options, output }) => {
  const dir = dirOf(options)
  const members = options.member.map((text) => parseMember('--member', text))
  const contributors = parseContributors(options.contributors)
  const { key } = await initDataDir(dir)
  const own = { name: (await readConfig(dir))?.name || 'founder', key }
  const { network, base, invite } = await createGenesis({
    dataDir: dir,
    name: options.name ?? DEFAULT_NAME,
    base: options.base ?? SHIPPED_BASE,
    committee: members.length === 0 ? [own] : members,
    quorum: options.quorum,
    rule: options.rule,
    contributors,
    round: roundPolicy(options),
  })
  output.result({ network, base, invite }, () =>
    [
      `network ${output.colors.bold(network)}`,
      `base    ${base}`,
      'others join with an invite: run a daemon here, then coldmesh invite',
    ].join('\n'),
  )
  return EXIT.done
}

function roundPolicy(options: Call<Options>['options']) {
  const { minContributions, maxContributions, collect, grace, viewTimeout } = options
  return defined({
    minContributions,
    maxContributions,
    collectMs: milliseconds(collect),
    graceMs: milliseconds(grace),
    viewTimeoutMs: milliseconds(viewTimeout),
  })
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}

function parseContributors(text: string): 'open' | readonly string[] {
  if (text === 'open') return 'open'
  const keys = text.split(',').map((key) => key.trim().toLowerCase())
  const wrong = keys.find((key) => !isKeyText(key))
  if (wrong === undefined) return keys
  throw new CliError('bad-input', `--contributors takes "open" or keys of 64 hex digits, not "${wrong}".`, {
    hint: 'Each contributor gets its key from: coldmesh init.',
  })
}
