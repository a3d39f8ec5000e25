import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskError } from '../../ports/disk-refusal.ts'

/** A file that comes from elsewhere and is gone when it was looked at. */
export interface Spool extends AsyncDisposable {
  readonly file: FileHandle
  readonly bytes: number
  /** At its end. @returns where these bytes begin. Calls may overlap. @throws ColdmeshError `refused` */
  append(bytes: Uint8Array): Promise<number>
}

/** In the system's folder for temporary files. @throws ColdmeshError `refused` */
export async function openSpool(): Promise<Spool> {
  const path = join(tmpdir(), `coldmesh-${randomBytes(8).toString('hex')}.car.tmp`)
  const file = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw diskError(error, 'write', path)
  })
  let end = 0
  return {
    file,
    get bytes() {
      return end
    },
    async append(bytes) {
      const at = end
      end += bytes.length
      try {
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
        }
      } catch (error) {
        throw diskError(error, 'write', path)
      }
      return at
    },
    async [Symbol.asyncDispose]() {
      await file.close()
      await rm(path, { force: true })
    },
  }
}
