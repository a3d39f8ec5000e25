import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import { directoryTsize, encodeDirectory, fileTsize, importFile } from '../../../src/checkpoint/unixfs.ts'

/**
 * Our side of check.sh. Files are described, not stored: a length and a fill.
 *
 *   node golden.ts write            computes the CIDs of every description and freezes them
 *   node golden.ts list             prints kind, title, frozen CID, and the CID computed now, tab separated
 *   node golden.ts emit INDEX       writes the file INDEX to standard output
 *   node golden.ts plant INDEX DIR  writes the directory INDEX under DIR
 */
const VECTORS = join(import.meta.dirname, '../../vectors/checkpoint/unixfs.v1.json')

/** `pattern`: byte i is (i * 31 + floor(i / 256) * 7 + floor(i / 1048576)) mod 256; `zero`: 0. */
interface FileSpec {
  readonly bytes: number
  readonly fill: 'zero' | 'pattern'
}
type Tree = { readonly [name: string]: FileSpec | { readonly directory: Tree } }
interface Golden {
  readonly files: readonly (FileSpec & { readonly cid: string; readonly tsize: number })[]
  readonly directories: readonly { title: string; tree: Tree; cid: string; tsize: number }[]
}

const MIB = 1_048_576

export async function readGolden(): Promise<Golden> {
  return JSON.parse(await readFile(VECTORS, 'utf8'))
}

/** The file's bytes in 1 MiB chunks, one buffer reused for all. */
export function* fillBytes({ bytes, fill }: FileSpec): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(MIB, bytes))
  for (let offset = 0; offset < bytes; offset += MIB) {
    const length = Math.min(MIB, bytes - offset)
    if (fill === 'pattern') for (let i = 0; i < length; i++) buffer[i] = i * 31 + (i >> 8) * 7 + offset / MIB
    yield buffer.subarray(0, length)
  }
}

export async function computeFile(spec: FileSpec): Promise<{ cid: string; tsize: number }> {
  const { cid, bytes } = await importFile(fillBytes(spec), () => {}, { reuseBlocks: true })
  return { cid: cid.toString(), tsize: fileTsize(bytes) }
}

export async function computeTree(tree: Tree): Promise<{ cid: string; tsize: number }> {
  const built = await buildTree(tree)
  return { cid: built.cid.toString(), tsize: built.bytes }
}

async function buildTree(tree: Tree): Promise<{ cid: CID; bytes: number }> {
  const entries = []
  for (const [name, spec] of Object.entries(tree)) {
    if ('directory' in spec) {
      entries.push({ name, ...(await buildTree(spec.directory)) })
    } else {
      const { cid, bytes } = await importFile(fillBytes(spec), () => {}, { reuseBlocks: true })
      entries.push({ name, cid, bytes: fileTsize(bytes) })
    }
  }
  const { cid, block } = encodeDirectory(entries)
  return { cid, bytes: directoryTsize(block, entries) }
}

async function freeze(): Promise<void> {
  const golden = await readGolden()
  const files = []
  for (const { bytes, fill } of golden.files) files.push({ bytes, fill, ...(await computeFile({ bytes, fill })) })
  const directories = []
  for (const { title, tree } of golden.directories) directories.push({ title, tree, ...(await computeTree(tree)) })
  await writeFile(VECTORS, `${JSON.stringify({ ...golden, files, directories }, null, 2)}\n`)
}

async function list(): Promise<void> {
  const { files, directories } = await readGolden()
  for (const spec of files) {
    console.log(['file', `${spec.bytes} ${spec.fill}`, spec.cid, (await computeFile(spec)).cid].join('\t'))
  }
  for (const { title, tree, cid } of directories) {
    console.log(['directory', title, cid, (await computeTree(tree)).cid].join('\t'))
  }
}

async function plant(tree: Tree, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, spec] of Object.entries(tree)) {
    const path = join(folder, name)
    if ('directory' in spec) await plant(spec.directory, path)
    else await pipeline(copies(spec), createWriteStream(path))
  }
}

/** A stream keeps chunks while it waits, so each gets its own bytes. */
function* copies(spec: FileSpec): Generator<Uint8Array> {
  for (const chunk of fillBytes(spec)) yield new Uint8Array(chunk)
}

function at<T>(items: readonly T[], index: string | undefined): T {
  const item = items[Number(index)]
  if (item === undefined) throw new RangeError(`there is no vector ${index}`)
  return item
}

if (import.meta.main) {
  const [command, index, folder] = process.argv.slice(2)
  if (command === 'write') await freeze()
  else if (command === 'list') await list()
  else if (command === 'emit') await pipeline(copies(at((await readGolden()).files, index)), process.stdout)
  else if (command === 'plant' && folder) await plant(at((await readGolden()).directories, index).tree, folder)
  else throw new Error('usage: node golden.ts write | list | emit INDEX | plant INDEX DIR')
}
