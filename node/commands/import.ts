import { type ImportedModel, importModel } from 'coldmesh'
import type { Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { show } from '../text/escape.ts'
import { dirOf } from './data-dir.ts'

const SHOWN_NAMES = 8

export const runImport: Run<'dir' | 'out' | 'dtype' | 'head' | 'anyArchitecture'> = async ({
  args,
  options,
  output,
}) => {
  const { out, dtype, head, anyArchitecture } = options
  const imported = await importModel({
    dataDir: dirOf(options),
    directory: args[0] ?? '',
    anyArchitecture,
    ...defined({ out, dtype, head }),
  })
  output.result(imported, () => describe(imported).join('\n'))
  return EXIT.done
}

function describe(imported: ImportedModel): string[] {
  const { base, bytes, tensors, dtypes, dropped, prefix, pooler, architecture, made, out, head } = imported
  const lines = [`base ${base}`, `  ${tensors} tensors, ${dtypes.join(' and ')}, ${bytes} bytes`]
  if (prefix !== '') lines.push(`  names lose their prefix ${show(prefix)}`)
  if (dropped.length > 0) {
    const more = dropped.length > SHOWN_NAMES ? ` and ${dropped.length - SHOWN_NAMES} more` : ''
    lines.push(
      `  dropped, no part of the encoder: ${dropped
        .slice(0, SHOWN_NAMES)
        .map((name) => show(name))
        .join(', ')}${more}`,
    )
  }
  if (architecture !== null) {
    lines.push(`  of the architecture ${show(architecture)}: only a program can train it, --engine command:PROGRAM`)
  } else if (!pooler) lines.push('  no pooler: transformers makes a new one unless it is told add_pooling_layer=False')
  if (made.length > 0) lines.push(`  made from other files: ${made.join(', ')}`)
  if (head !== null) lines.push(`  head in ${show(head)}`)
  if (out !== null) lines.push(`  files in ${show(out)}`)
  return [...lines, `a network starts from it: coldmesh genesis --base ${out === null ? base : show(out)}`]
}
