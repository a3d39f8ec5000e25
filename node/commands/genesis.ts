import {
  type CreatedFork,
  createFork,
  createGenesis,
  type ForkStatus,
  type GenesisOptions,
  initDataDir,
  readConfig,
} from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import { forkLine } from '../text/fork.ts'
import { parseRound } from './change.ts'
import { dirOf } from './data-dir.ts'
import { isKeyText, parseMember } from './members.ts'

type Options =
  | 'dir'
  | 'name'
  | 'base'
  | 'forkOf'
  | 'fromDir'
  | 'level'
  | 'member'
  | 'quorum'
  | 'rule'
  | 'contributors'
  | 'minContributions'
  | 'maxContributions'
  | 'collect'
  | 'grace'
  | 'viewTimeout'
  | 'maxStaleness'
  | 'gate'
  | 'set'

const DEFAULT_NAME = 'coldmesh'

export const runGenesis: Run<Options> = async (call) => {
  const { options, output } = call
  const dir = dirOf(options)
  const members = options.member.map((text) => parseMember('--member', text))
  const contributors = options.contributors === undefined ? undefined : parseContributors(options.contributors)
  if (options.forkOf !== undefined && options.base !== undefined) {
    throw new CliError('bad-input', '--base and --fork-of are two bases to start from.', { hint: 'Give one of them.' })
  }
  const { key } = await initDataDir(dir)
  const own = { name: (await readConfig(dir))?.name || 'founder', key }
  const given = {
    dataDir: dir,
    committee: members.length === 0 ? [own] : members,
    round: { ...roundPolicy(options), ...parseRound(options.set) },
    ...defined({ quorum: options.quorum, rule: options.rule, contributors, maxDrop: options.gate }),
  }
  const created = await (options.forkOf === undefined ? create(given, call) : createForkOf(options.forkOf, given, call))
  const { network, base, fork } = created
  output.result(fork === null ? { network, base, invite: created.invite } : created, () =>
    [
      `network ${output.colors.bold(network)}`,
      `base    ${base}`,
      ...(fork === null ? [] : [forkLine(fork, output.colors)]),
      'others join with an invite: run a daemon here, then coldmesh invite',
    ].join('\n'),
  )
  return EXIT.done
}

type Given = Pick<GenesisOptions, 'dataDir' | 'committee' | 'round' | 'quorum' | 'rule' | 'contributors' | 'maxDrop'>
type Created = Omit<CreatedFork, 'fork'> & { readonly fork: ForkStatus | null }

async function create(given: Given, { options }: Call<Options>): Promise<Created> {
  const { name = DEFAULT_NAME, base = SHIPPED_BASE } = options
  return { ...(await createGenesis({ ...given, name, base })), fork: null }
}

async function createForkOf(of: string, given: Given, { options, output, signal }: Call<Options>): Promise<Created> {
  const { name, level, fromDir } = options
  output.say(`checks ${of}`)
  return await createFork({ ...given, of, level, signal, ...defined({ name, fromDir }) })
}

function roundPolicy(options: Call<Options>['options']) {
  const { minContributions, maxContributions, collect, grace, viewTimeout, maxStaleness } = options
  return defined({
    minContributions,
    maxContributions,
    maxStaleness,
    collectMs: milliseconds(collect),
    graceMs: milliseconds(grace),
    viewTimeoutMs: milliseconds(viewTimeout),
  })
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}

function parseContributors(text: string): 'open' | 'vouched' | readonly string[] {
  if (text === 'open' || text === 'vouched') return text
  const keys = text.split(',').map((key) => key.trim().toLowerCase())
  const wrong = keys.find((key) => !isKeyText(key))
  if (wrong === undefined) return keys
  throw new CliError('bad-input', `--contributors takes "open", "vouched" or keys of 64 hex digits, not "${wrong}".`, {
    hint: 'Each contributor gets its key from: coldmesh init.',
  })
}
