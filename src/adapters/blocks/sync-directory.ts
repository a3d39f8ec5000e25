import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a directory and those above it, each on the disk under its name when it resolves. System errors pass through. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** Makes names in a directory survive a power cut. System errors pass through. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
