import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { usageOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT_MEANINGS } from './exit-codes.ts'
import { choicesOf } from './option-spec.ts'
import { flagOf, OPTIONS, type OptionName, optionSpec, variableOf } from './options.ts'
import { PACKAGE_ROOT } from './package-root.ts'

const INTRO = `# Command line

This page is written by \`node node/docs.ts\` from the same table that the program reads.

Every option can also be set by a variable of the environment, and in a JSON file (\`--options FILE\`, or
\`options.json\` in the data directory) by its name in camelCase. A flag wins over a variable, a variable over the file.
\`--json\` prints objects, one a line, on standard output; a failure is one object
\`{ "error": { "code", "message", "hint", "facts" } }\` on standard error. Colour appears on a terminal only, and never
with \`NO_COLOR\`. Ctrl-C stops cleanly; a second one forces.`

/** docs/cli.md. */
export function renderCliDocs(): string {
  const sections = [INTRO, commandsSection(), optionsSection(), exitCodesSection()]
  return `${sections.join('\n\n')}\n`
}

function commandsSection(): string {
  const parts = COMMANDS.map(({ spec }) => {
    const usage = (spec.arguments ?? []).map(usageOf)
    const lines = [
      `### \`${['coldmesh', spec.name, ...usage].join(' ')}\``,
      '',
      `${sentence(spec.summary)}.`,
      '',
      ...(spec.arguments ?? []).map(({ name, help }) => `- \`${name}\`: ${cell(help)}`),
      `- options: ${spec.options.map((name) => `\`${flagOf(name)}\``).join(' ')}`,
      '',
      '```sh',
      ...spec.examples,
      '```',
    ]
    return lines.join('\n')
  })
  return `## Commands\n\n${parts.join('\n\n')}`
}

function optionsSection(): string {
  const rows = Object.keys(OPTIONS)
    .filter((name): name is OptionName => Object.hasOwn(OPTIONS, name))
    .map((name) => {
      const spec = optionSpec(name)
      const { kind, value, help, default: byDefault, repeat } = spec
      const flag = kind === 'switch' ? flagOf(name) : `${flagOf(name)} ${value ?? 'VALUE'}`
      const also = [choicesOf(spec), repeat ? 'repeatable' : undefined].filter((part) => part !== undefined)
      const shown = [cell(help), ...also].join('; ')
      return `| \`${flag.replaceAll('|', '\\|')}\` | \`${variableOf(name)}\` | ${shown} | ${byDefault ?? ''} |`
    })
  return `## Options\n\n| flag | variable | what | default |\n|---|---|---|---|\n${rows.join('\n')}`
}

function exitCodesSection(): string {
  const rows = EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`)
  return `## Exit codes\n\n| code | means |\n|---|---|\n${rows.join('\n')}`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (import.meta.main) writeFileSync(join(PACKAGE_ROOT, 'docs', 'cli.md'), renderCliDocs())
