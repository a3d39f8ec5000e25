import { open } from 'node:fs/promises'

/** What a verifier says of a file. */
export type VerifyFile = (path: string) => Promise<{ readonly valid: boolean }>

/**
 * Flips one bit after the other in a file, in place, and verifies it each time; the file is as it was afterwards.
 * @param bits bit 0 is the lowest of the first byte
 * @returns what went wrong: bits whose flip was not found, or made the verifier throw
 */
export async function undetectedFlips(path: string, bits: Iterable<number>, verify: VerifyFile): Promise<string[]> {
  const found: string[] = []
  await using file = await open(path, 'r+')
  const byte = new Uint8Array(1)
  for (const bit of bits) {
    const at = Math.floor(bit / 8)
    await file.read(byte, 0, 1, at)
    const [intact = 0] = byte
    await file.write(Uint8Array.of(intact ^ (1 << (bit % 8))), 0, 1, at)
    try {
      if ((await verify(path)).valid) found.push(`bit ${bit}: valid`)
    } catch (error) {
      found.push(`bit ${bit}: ${String(error)}`)
    }
    await file.write(Uint8Array.of(intact), 0, 1, at)
  }
  return found
}

/** One bit of every byte, another one each time. */
export function oneBitOfEachByte(bytes: number): readonly number[] {
  return Array.from({ length: bytes }, (_, at) => 8 * at + (at % 8))
}
