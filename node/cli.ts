import { Command as Commander, CommanderError, Option } from 'commander'
import { type Command, type Resolve, usageOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import { CliError, describeFailure, formatFailure } from './failure.ts'
import { listenForInterrupt } from './interrupt.ts'
import { choicesOf } from './option-spec.ts'
import { type GivenOptions, resolveOptions } from './option-values.ts'
import { flagOf, type OptionName, optionSpec } from './options.ts'
import { readOptionsFile } from './options-file.ts'
import { VERSION } from './package-root.ts'
import { takeOverBlocks } from './take-over.ts'
import { createOutput } from './text/output.ts'

/** Runs one command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const json = wantsJson(argv)
  const fail = (error: unknown): void => {
    const failure = describeFailure(error)
    const stack = process.env['COLDMESH_DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
    process.stderr.write(`${formatFailure(failure, { json })}\n${stack}`, () => process.exit(failure.exitCode))
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.on('unhandledRejection', fail)
  process.on('uncaughtException', fail)
  try {
    const program = createProgram(async (command, args, flags) => {
      process.exitCode = await runCommand(command, args, flags)
    })
    if (argv.length === 0) program.help()
    await program.parseAsync([...argv], { from: 'user' })
    process.exit()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exit(EXIT.done)
    fail(error instanceof CommanderError ? asUsage(error) : error)
  }
}

type Dispatch = (command: Command, args: readonly string[], flags: GivenOptions) => Promise<void>

/** The command line as commander sees it. Values stay texts: `resolveOptions` reads them, whatever they came from. */
export function createProgram(dispatch: Dispatch): Commander {
  const program = new Commander('coldmesh')
    .description('a peer-to-peer network that keeps improving one shared pretrained model')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .enablePositionalOptions()
  const made = new Map<string, Commander>()
  for (const command of COMMANDS) {
    // `data commit` is below `data`, which has been made.
    const [, above = '', name = ''] = /^(?:(.+) )?(\S+)$/.exec(command.spec.name) ?? []
    const sub = createSubcommand(name, command, dispatch)
    const parent = made.get(above) ?? program
    parent.addCommand(sub)
    made.set(command.spec.name, sub)
  }
  return program
}

function createSubcommand(name: string, command: Command, dispatch: Dispatch): Commander {
  const { spec } = command
  const sub = new Commander(name)
    .description(spec.summary)
    .helpOption('-h, --help', 'print help')
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .allowExcessArguments(false)
    // As above: what follows the word of a command is that command's. "help" is a file like another.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', `\nExample:\n${spec.examples.map((example) => `  ${example}`).join('\n')}`)
  for (const argument of spec.arguments ?? []) sub.argument(usageOf(argument), argument.help)
  for (const name of spec.options) sub.addOption(createFlag(name))
  return sub.action(async () => dispatch(command, sub.args, givenFlags(sub, spec.options)))
}

function createFlag(name: OptionName): Option {
  const spec = optionSpec(name)
  const choices = spec.choices === undefined ? '' : ` (${choicesOf(spec)})`
  const byDefault = spec.default === undefined ? '' : ` (default: ${spec.default})`
  const help = `${spec.help}${choices}${byDefault}`
  if (spec.kind === 'switch') return new Option(flagOf(name), help)
  const flag = new Option(`${flagOf(name)} <${spec.value ?? 'VALUE'}>`, help)
  return flag.argParser<readonly string[]>((text, before = []) => [...before, text])
}

function givenFlags(sub: Commander, names: readonly OptionName[]): GivenOptions {
  const given: Partial<Record<OptionName, readonly string[]>> = {}
  for (const name of names) {
    const key = createFlag(name).attributeName()
    if (sub.getOptionValueSource(key) !== 'cli') continue
    const value: unknown = sub.getOptionValue(key)
    given[name] = Array.isArray(value) ? value.map(String) : ['true']
  }
  return given
}

async function runCommand(command: Command, args: readonly string[], flags: GivenOptions): Promise<number> {
  const { spec } = command
  const environment = process.env
  const first = resolveOptions(['dir', 'options'], { flags, environment, file: {} })
  const dir = spec.onDataDir ? (first.dir ?? (await import('coldmesh/history')).defaultDataDir()) : first.dir
  const file = readOptionsFile(first.options, spec.onDataDir ? dir : undefined)
  const sources = { flags: dir === undefined ? flags : { ...flags, dir: [dir] }, environment, file }
  const resolve: Resolve = (names) => resolveOptions(names, sources)
  const { json } = resolve(['json'])
  const output = createOutput({ json, stdout: process.stdout, stderr: process.stderr, environment })
  const interrupt = listenForInterrupt((signal) => output.say(`${signal}: stopping (again to force)`))
  if (spec.onDataDir && dir !== undefined) await takeOverBlocks(dir, output)
  const { fromDir } = spec.options.includes('fromDir') ? resolve(['fromDir']) : {}
  if (fromDir !== undefined) await takeOverBlocks(fromDir, output)
  const code = await command.run({ args, output, signal: interrupt.signal, resolve })
  await output.flush()
  interrupt.release()
  return code
}

/** Before options are parsed: errors of parsing itself must come out in the form that was asked for. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.includes('--json') || ['1', 'true', 'yes', 'on'].includes(process.env['COLDMESH_JSON'] ?? '')
}

function asUsage(error: CommanderError): CliError {
  const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  const message = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?)]$/.test(text) ? '' : '.'}`
  return new CliError('bad-input', message, { hint: 'See coldmesh --help, or --help after a command.' })
}
