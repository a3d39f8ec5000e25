import fs from 'node:fs'
import fsp, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'

/** One thing done to a file below the watched directory. LevelDB's own files, which are native, are not seen. */
export interface DiskStep {
  readonly op: 'create' | 'write' | 'sync' | 'truncate' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'sync-directory'
  /** Relative to the watched directory. */
  readonly path: string
  /** Where it went, for `rename` and `link`. */
  readonly to?: string
  readonly bytes?: Uint8Array
  /** Where in the file, for `write`; the length, for `truncate`. */
  readonly at?: number
}

/**
 * Called for each step, which `perform` does; resolves with what the caller gets. Called with the real functions only,
 * so that what it does itself is no step.
 */
export type OnStep = (step: DiskStep, perform: (part?: Uint8Array) => Promise<unknown>) => Promise<unknown>

type Call = (...args: unknown[]) => unknown

/** What a file is for, whatever it is called: `journal`, `blocks`, `chain`, `key` ... */
export function subjectOf(path: string): string {
  const [top = ''] = path.split('/')
  // A temporary name: `.chain.1f2e.tmp`, `key.1f2e.tmp`.
  return top.endsWith('.tmp') ? top.replace(/^\./, '').replace(/(\.[0-9a-f]+)?\.tmp$/, '') : top
}

/** The same step in every run: `journal write`, `blocks rename`. */
export function labelOf({ op, path, to }: DiskStep): string {
  return `${subjectOf(to ?? path)} ${op}`
}

/** From now on, everything that this process does below `directory` through node:fs/promises, and control.json's writes, goes through `onStep`. */
export async function watchDisk(directory: string, onStep: OnStep): Promise<() => void> {
  const opened = new WeakMap<object, string>()
  const undo: (() => void)[] = []
  const inside = (path: unknown): string | null => {
    if (typeof path !== 'string') return null
    const found = relative(directory, path)
    const isBelow = found !== '' && !found.startsWith('..') && !isAbsolute(found)
    return path === directory ? '.' : isBelow ? found : null
  }
  function patch(target: object, name: string, around: (original: Call, self: unknown, args: unknown[]) => unknown) {
    const original: unknown = Reflect.get(target, name)
    if (typeof original !== 'function') throw new Error(`there is no ${name} to watch`)
    const call: Call = (...args) => Reflect.apply(original, undefined, args)
    Reflect.set(target, name, function patched(this: unknown, ...args: unknown[]) {
      return around(
        (...given) => (this === undefined ? call(...given) : Reflect.apply(original, this, given)),
        this,
        args,
      )
    })
    undo.push(() => Reflect.set(target, name, original))
  }
  const seen = (path: string | null, step: (path: string) => DiskStep, perform: (part?: Uint8Array) => unknown) =>
    path === null ? perform() : onStep(step(path), async (part) => await perform(part))

  patch(fsp, 'open', async (original, _self, args) => {
    const [path, flags] = args
    const creates = typeof flags === 'string' && /^[wa]/.test(flags)
    const found = inside(path)
    const handle: unknown = await (creates
      ? seen(
          found,
          (name) => ({ op: 'create', path: name }),
          () => original(...args),
        )
      : original(...args))
    if (found !== null && typeof handle === 'object' && handle !== null) opened.set(handle, found)
    return handle
  })
  for (const op of ['rename', 'link'] as const) {
    patch(fsp, op, (original, _self, args) =>
      seen(
        inside(args[0]),
        (path) => ({ op, path, to: inside(args[1]) ?? '' }),
        () => original(...args),
      ),
    )
  }
  for (const name of ['unlink', 'rm'] as const) {
    patch(fsp, name, (original, _self, args) =>
      seen(
        inside(args[0]),
        (path) => ({ op: 'unlink', path }),
        () => original(...args),
      ),
    )
  }
  patch(fsp, 'mkdir', (original, _self, args) =>
    seen(
      inside(args[0]),
      (path) => ({ op: 'mkdir', path }),
      () => original(...args),
    ),
  )

  const probe = await fsp.open(process.execPath, 'r')
  const handles: FileHandle = Object.getPrototypeOf(probe)
  await probe.close()
  const pathOf = (self: unknown) => (typeof self === 'object' && self !== null ? (opened.get(self) ?? null) : null)
  patch(handles, 'write', (original, self, args) => {
    const [buffer, from = 0, length, position] = args
    if (!(buffer instanceof Uint8Array)) return original(...args)
    const offset = Number(from)
    const bytes = buffer.subarray(offset, offset + Number(length ?? buffer.length - offset))
    const step = (path: string): DiskStep => ({
      op: 'write',
      path,
      bytes: bytes.slice(),
      ...(typeof position === 'number' ? { at: position } : {}),
    })
    return seen(pathOf(self), step, (part = bytes) => original(buffer, offset, part.length, position))
  })
  patch(handles, 'writeFile', (original, self, args) => {
    const [bytes] = args
    if (!(bytes instanceof Uint8Array)) return original(...args)
    return seen(
      pathOf(self),
      (path) => ({ op: 'write', path, bytes: bytes.slice(), at: 0 }),
      (part = bytes) => original(part),
    )
  })
  for (const name of ['sync', 'datasync'] as const) {
    patch(handles, name, (original, self, args) => {
      const isDirectory = (path: string) => fs.statSync(join(directory, path)).isDirectory()
      return seen(
        pathOf(self),
        (path) => ({ op: isDirectory(path) ? 'sync-directory' : 'sync', path }),
        () => original(...args),
      )
    })
  }
  patch(handles, 'truncate', (original, self, args) =>
    seen(
      pathOf(self),
      (path) => ({ op: 'truncate', path, at: Number(args[0] ?? 0) }),
      () => original(...args),
    ),
  )
  syncBuiltinESMExports()
  return () => {
    for (const restore of undo.splice(0)) restore()
    syncBuiltinESMExports()
  }
}

/** The directory of a file of the watched one. */
export function folderOf(path: string): string {
  return dirname(path) === '.' && basename(path) === path ? '.' : dirname(path)
}
