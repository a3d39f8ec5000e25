import { execFile } from 'node:child_process'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real file system of a few megabytes, in memory. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string
  /** A file that takes all the space that is left; deleting it frees the disk. */
  readonly ballast: string
  fill(): Promise<void>
  free(): Promise<void>
  setReadOnly(isReadOnly: boolean): Promise<void>
}

/** @throws Error that says how to run the tests where mounting is not allowed */
export async function mountSmallDisk(path: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  } catch (cause) {
    throw new Error(
      'A full disk is tested on a real one, and mounting a small tmpfs failed. Run the tests as root, or in namespaces of your own: unshare --user --map-root-user --mount npm test',
      { cause },
    )
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    ballast,
    fill: async () => {
      const { bfree, bsize } = await statfs(path)
      await writeFile(ballast, Buffer.alloc(bfree * bsize)).catch(() => {})
    },
    free: () => rm(ballast, { force: true }),
    setReadOnly: async (isReadOnly) => {
      await run('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path])
    },
    [Symbol.asyncDispose]: async () => {
      await run('umount', ['--lazy', path])
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** This process's files may grow again. */
export async function liftFileSize(pid: number): Promise<void> {
  await run('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited'])
}
