import { createWriteStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type RowGroup } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { ColdmeshError } from '../../ports/errors.ts'
import { isPacked, type OnPosition, readBytes, statFile } from './bytes.ts'
import { classNamesIn } from './class-names.ts'
import type { BadRow, Row, RowFile } from './row-reader.ts'

/** Bytes decoded at a time, about: a row group may hold a million rows. Each part decodes the group's pages again, so parts are large. */
const PART_BYTES = 128 * 1024 ** 2

/**
 * A Parquet file: rows are numbered from 1, and read a part of a row group at a time. One that is packed again by gzip is unpacked to a
 * temporary file while it is read, since its table of contents is at its end.
 *
 * @throws ColdmeshError `bad-input` when it is no Parquet file, incomplete, or compressed in a way that is not known
 */
export async function openParquet(path: string): Promise<RowFile> {
  await using opened = await openFile(path)
  const { metadata } = opened
  return {
    path,
    unit: 'row',
    columns: parquetSchema(metadata).children.map(({ element }) => element.name),
    classNames: classNamesIn(metadata),
    rows: (wanted, onPosition) => readRows(path, wanted, onPosition),
  }
}

async function* readRows(
  path: string,
  wanted: readonly string[],
  onPosition: OnPosition = () => {},
): AsyncGenerator<Row | BadRow> {
  await using opened = await openFile(path)
  const { file, metadata, packedBytes } = opened
  const allRows = Math.max(1, Number(metadata.num_rows))
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows)
    const parts = Math.max(1, Math.ceil(bytesOf(group, wanted) / PART_BYTES))
    const atOnce = Math.ceil((groupEnd - groupStart) / parts)
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += atOnce) {
      const rowEnd = Math.min(groupEnd, rowStart + atOnce)
      const rows = await decoded(path, () =>
        parquetReadObjects({ file, metadata, columns: [...wanted], rowStart, rowEnd, compressors }),
      )
      onPosition((packedBytes * rowEnd) / allRows)
      for (const [index, row] of rows.entries()) {
        yield {
          line: rowStart + index + 1,
          valueOf: (column) => (Object.hasOwn(row, column) ? row[column] : undefined),
        }
      }
    }
    groupStart = groupEnd
  }
}

/** Of the columns that are wanted, unpacked. */
function bytesOf({ columns }: RowGroup, wanted: readonly string[]): number {
  return columns
    .filter(({ meta_data: data }) => wanted.includes(data?.path_in_schema[0] ?? ''))
    .reduce((sum, { meta_data: data }) => sum + Number(data?.total_uncompressed_size ?? 0), 0)
}

interface PlacedBytes {
  readonly byteLength: number
  slice(start: number, end?: number): Promise<ArrayBuffer>
}

async function openFile(path: string) {
  const { size } = await statFile(path)
  const unpacked = isPacked(path) ? await unpack(path) : null
  let handle: FileHandle | null = null
  const close = async () => {
    await handle?.close()
    await unpacked?.remove()
  }
  try {
    handle = await open(unpacked?.path ?? path)
    const byteLength = unpacked === null ? size : (await handle.stat()).size
    const file = placedBytes(handle, byteLength)
    const metadata = await decoded(path, () => parquetMetadataAsync(file))
    return { file, metadata, packedBytes: size, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function placedBytes(handle: FileHandle, byteLength: number): PlacedBytes {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, end - start))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
      if (bytesRead < bytes.length) throw new RangeError(`the file ends after ${start + bytesRead} bytes`)
      return bytes.buffer
    },
  }
}

async function unpack(path: string) {
  const folder = await mkdtemp(join(tmpdir(), 'coldmesh-parquet-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const unpacked = join(folder, 'unpacked')
  try {
    await pipeline(Readable.from(readBytes(path)), createWriteStream(unpacked))
    return { path: unpacked, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function decoded<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ColdmeshError(
      'bad-input',
      `${path} can't be read as Parquet: it is damaged, incomplete, or something else`,
      {
        cause,
        facts: { path, why },
        hint: `Write or get the file again. What went wrong: ${why}.`,
      },
    )
  }
}
