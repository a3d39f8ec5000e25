import { randomUUID } from 'node:crypto'

/** A form with one file in it, sent as it comes: Node's own forms take at most 4 GiB of a file on the disk. */
export interface FileForm {
  readonly contentType: string
  readonly body: AsyncIterable<Uint8Array>
}

/** @param content of any length; a chunk is sent before the next one is asked for */
export function fileForm(content: AsyncIterable<Uint8Array>): FileForm {
  const boundary = `coldmesh-${randomUUID()}`
  const head = [
    `--${boundary}`,
    'content-disposition: form-data; name="file"; filename="file"',
    'content-type: application/octet-stream',
    '\r\n',
  ]
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(head.join('\r\n'))
    yield* content
    yield Buffer.from(`\r\n--${boundary}--\r\n`)
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: body() }
}
