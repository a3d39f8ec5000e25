import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ImportedCar, type ImportedModel, importCar, importModel, unpackArchive } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { findDaemon } from '../control/client.ts'
import { importAnswer } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { dirOf } from './data-dir.ts'

const SHOWN_NAMES = 8

type Options = 'dir' | 'out' | 'dtype' | 'head' | 'anyArchitecture' | 'nocopy'

export const runImport: Run<Options> = async (call) => {
  const { args, options, output } = call
  const source = args[0] ?? ''
  if (isFile(source) && options.out !== undefined) return await unpack(resolve(source), resolve(options.out), call)
  if (isFile(source)) {
    const imported = await importFile(resolve(source), call)
    output.result(imported, () => describeCar(imported).join('\n'))
    return EXIT.done
  }
  const { out, dtype, head, anyArchitecture, nocopy } = options
  const imported = await importModel({
    dataDir: dirOf(options),
    directory: source,
    ...{ anyArchitecture, nocopy },
    ...defined({ out, dtype, head }),
  })
  output.result(imported, () => describe(imported).join('\n'))
  return EXIT.done
}

/** A model is a directory. */
function isFile(path: string): boolean {
  return /\.car$/i.test(path) || (existsSync(path) && statSync(path).isFile())
}

/** No data directory has to do with it. */
async function unpack(file: string, out: string, { output, signal }: Call<Options>): Promise<number> {
  if (existsSync(out)) {
    throw new CliError('bad-input', `${out} is there already.`, { hint: 'Choose an --out that does not exist yet.' })
  }
  const unpacked = await unpackArchive(file, { out, signal })
  output.result(unpacked, () =>
    [
      `base ${show(unpacked.cid)}`,
      ...unpacked.files.map((path) => `  ${show(path)}`),
      `nothing is verified yet: coldmesh verify ${show(file)} --trust GENESIS_CID`,
    ].join('\n'),
  )
  return EXIT.done
}

/** By the daemon where one runs: it has the store. */
async function importFile(file: string, { options, signal }: Call<Options>): Promise<ImportedCar> {
  const dataDir = dirOf(options)
  const daemon = await findDaemon(dataDir)
  if (daemon === null) return await importCar({ dataDir, file })
  return await daemon.post('/v1/cars', { file }, importAnswer, signal)
}

function describeCar({ roots, blocks, bytes, archive }: ImportedCar): string[] {
  const lines = [`${blocks} blocks, ${bytes} bytes`, ...roots.map((root) => `root ${show(root)}`)]
  if (archive === null) return lines
  const { base, network, round, contents } = archive
  return [
    ...lines,
    `archive of the base ${show(base)}, ${contents}`,
    `  round ${round} of the network ${show(network)}`,
    '  nothing is verified yet: coldmesh verify does that',
  ]
}

function describe(imported: ImportedModel): string[] {
  const { base, bytes, tensors, dtypes, dropped, prefix, pooler, architecture, made, license, out, head } = imported
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
  if (license !== null) lines.push(`  licence, as its README.md states: ${show(license)}`)
  if (head !== null) lines.push(`  head in ${show(head)}`)
  if (out !== null) lines.push(`  files in ${show(out)}`)
  return [...lines, `a network starts from it: coldmesh genesis --base ${out === null ? base : show(out)}`]
}
