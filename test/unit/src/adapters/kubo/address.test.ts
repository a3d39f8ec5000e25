import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseKuboAddress } from '../../../../../src/adapters/kubo/address.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'

describe('parseKuboAddress', () => {
  it('reads URLs and multiaddrs', () => {
    for (const [text, url] of [
      ['kubo:http://127.0.0.1:5001', 'http://127.0.0.1:5001/api/v0/'],
      ['kubo:http://localhost:5001/', 'http://localhost:5001/api/v0/'],
      ['kubo:https://ipfs.example/api/v0', 'https://ipfs.example/api/v0/'],
      ['kubo:/ip4/127.0.0.1/tcp/5001', 'http://127.0.0.1:5001/api/v0/'],
      ['kubo:/ip6/::1/tcp/5001/http', 'http://[::1]:5001/api/v0/'],
      ['kubo:/dns4/ipfs.example/tcp/443/https', 'https://ipfs.example/api/v0/'],
    ] as const) {
      assert.deepEqual(parseKuboAddress(text), { url, authorization: null }, text)
    }
  })

  it('takes user and password out of the URL', () => {
    const { url, authorization } = parseKuboAddress('kubo:http://peer:s%3Acret@127.0.0.1:5001')
    assert.equal(url, 'http://127.0.0.1:5001/api/v0/')
    assert.equal(authorization, `Basic ${Buffer.from('peer:s:cret').toString('base64')}`)
  })

  it('refuses anything else, with an example, without repeating what may be a password', () => {
    for (const text of [
      '127.0.0.1:5001',
      'kubo:',
      'kubo:5001',
      'kubo:ftp://127.0.0.1',
      'kubo:http://127.0.0.1:5001/ipfs/secret',
      'kubo:http://127.0.0.1:5001?secret=1',
      'kubo:http://127.0.0.1:99999',
      'kubo:/ip4/127.0.0.1/udp/5001/secret',
    ]) {
      const isClear = (error: unknown) =>
        isColdmeshError(error, 'bad-input') && !error.message.includes('secret') && error.hint?.includes('kubo:http://')
      assert.throws(() => parseKuboAddress(text), isClear, text)
    }
  })
})
