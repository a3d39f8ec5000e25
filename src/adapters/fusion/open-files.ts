import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs'
import type { FusionLayout } from '../../fusion/layout.ts'
import { tooLong } from '../../fusion/windows.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { FileNumbers } from './job.ts'

export interface FilesToOpen {
  /** Of the base. */
  readonly layout: FusionLayout
  /** Paths. */
  readonly base: string
  /** In the order of their contribution ids' bytes. */
  readonly inputs: readonly string[]
  /** For each input the file of its parent's weights where it is rebased, else null. Default: none is. */
  readonly parents?: readonly (string | null)[] | undefined
}

export interface OpenedFiles extends Disposable {
  readonly files: FileNumbers
  /** @throws ColdmeshError `bad-checkpoint` when a file has more bytes than the layout */
  requireLengths(): void
  /** Whether the first input has more bytes than the layout. */
  readonly isInputLong: () => boolean
}

/** Opens what a fusion reads. @throws ColdmeshError `bad-input` */
export function openFiles({ layout, base, inputs, parents }: FilesToOpen): OpenedFiles {
  const opened: number[] = []
  const close = () => {
    for (const file of opened.splice(0)) closeSync(file)
  }
  const openOne = (path: string): number => {
    const file = openFile(path, constants.O_RDONLY)
    opened.push(file)
    return file
  }
  try {
    const files = {
      ...{ base: openOne(base), inputs: inputs.map(openOne) },
      parents: inputs.map((_, input) => {
        const path = parents?.[input] ?? null
        return path === null ? null : openOne(path)
      }),
    }
    const isLong = (file: number) => fstatSync(file).size > layout.totalBytes
    return {
      files,
      isInputLong: () => files.inputs.slice(0, 1).some(isLong),
      requireLengths() {
        if (isLong(files.base)) throw tooLong()
        for (const [input, file] of files.inputs.entries()) if (isLong(file)) throw tooLong(input)
      },
      [Symbol.dispose]: close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** A file of so many bytes to be written in any order; one that is there is written over. @throws ColdmeshError `bad-input` */
export function createOut(path: string, bytes: number): { readonly file: number } & Disposable {
  // not truncated first: the disk may have been reserved, and freeing it takes as long as writing it
  const file = openFile(path, constants.O_WRONLY | constants.O_CREAT)
  return {
    file,
    [Symbol.dispose]() {
      if (fstatSync(file).size > bytes) ftruncateSync(file, bytes)
      closeSync(file)
    },
  }
}

function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (cause) {
    const system = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const doing = flags === constants.O_RDONLY ? 'read' : 'written'
    const hint =
      system === 'EMFILE' ? 'raise the limit of open files (ulimit -n 4096)' : 'check the path and its permissions'
    const message = `${path} can't be ${doing} (${system}).`
    throw new ColdmeshError('bad-input', message, { facts: { path, system }, hint, cause })
  }
}
