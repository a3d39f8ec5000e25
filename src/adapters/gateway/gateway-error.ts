/** What a request is answered with instead of content. */
export class GatewayError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'GatewayError'
    this.status = status
    this.headers = headers
  }
}
