import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AttestTarget } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { formatAttested } from '../text/attested.ts'
import { show } from '../text/escape.ts'
import { isAttesting, writeAttestations } from './attest.ts'
import { dirOf } from './data-dir.ts'
import { exportArchive, isArchiving } from './export-archive.ts'
import { type Exported, openHistorySource } from './history.ts'

type Options = 'dir' | 'out' | 'car' | 'contents' | 'inToto' | 'modelSigning' | 'mlBom' | 'statedLevel'

export const runExport: Run<Options> = async (call) => {
  const { args, options, output } = call
  const target = args[0] ?? ''
  const about = targetOf(target)
  const wantsMore = isAttesting(options)
  if (isArchiving(options)) return await exportArchive(target, call)
  if (options.out === undefined && !wantsMore) {
    throw new CliError('bad-input', 'It is not said where the files should go.', {
      hint: 'Add --out DIR, or --car FILE for one file with the whole history.',
    })
  }
  if ('directory' in about && options.out !== undefined) {
    throw new CliError('bad-input', `${target} is a directory already.`, { hint: 'Leave out --out.' })
  }
  if ('archive' in about && options.out !== undefined) {
    throw new CliError('bad-input', `${target} is a file: import unpacks an archive.`, {
      hint: 'coldmesh import FILE.car --out DIR. Then leave out --out here.',
    })
  }
  const exported = options.out === undefined ? null : await exportTo(target, options.out, call)
  const attested = wantsMore ? await writeAttestations(about, call) : null
  const files = [...(exported?.files ?? []), ...(attested?.files ?? [])]
  const cid = attested?.base ?? exported?.cid ?? target
  const result = { cid, kind: exported?.kind ?? 'base', files }
  output.result(
    attested === null ? result : { ...result, signedBy: attested.signedBy, warnings: attested.warnings },
    () => {
      const lines = [`${result.kind} ${show(cid)}`, ...files.map((file) => `  ${show(file)}`)]
      return [...lines, ...(attested === null ? [] : formatAttested(attested))].join('\n')
    },
  )
  return EXIT.done
}

/** @throws CliError `bad-input` for what is neither a CID nor there */
function targetOf(target: string): AttestTarget {
  if (cidText.safeParse(target).success) return { base: target }
  const found = statSync(target, { throwIfNoEntry: false })
  if (found !== undefined) return found.isFile() ? { archive: resolve(target) } : { directory: resolve(target) }
  throw new CliError('bad-input', `"${target}" is not a CID.`, { hint: '`coldmesh log` prints the CIDs of bases.' })
}

async function exportTo(cid: string, path: string, { options, signal }: Call<Options>): Promise<Exported> {
  const out = resolve(path)
  if (existsSync(out)) {
    throw new CliError('bad-input', `${out} is there already.`, { hint: 'Choose an --out that does not exist yet.' })
  }
  await using history = await openHistorySource(dirOf(options), signal)
  return await history.export(cid, { out })
}
