import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guard } from '../../../../node/control/guard.ts'

const options = { port: 4711, token: 'x'.repeat(43) }
const headers = { host: '127.0.0.1:4711', authorization: `Bearer ${options.token}` }
const json = { 'content-type': 'application/json' }

describe('guard', () => {
  it('lets the owner of the token through, by either name of this machine', () => {
    guard('GET', headers, options)
    guard('GET', { ...headers, host: 'LOCALHOST:4711' }, options)
    guard('POST', { ...headers, ...json, origin: 'http://127.0.0.1:4711' }, options)
    guard('POST', { ...headers, 'content-type': 'application/json; charset=utf-8' }, options)
  })

  for (const host of [
    undefined,
    'evil.example',
    'evil.example:4711',
    '127.0.0.1',
    '127.0.0.1:4712',
    '[::1]:4711',
    '127.0.0.1:4711.evil.example',
  ]) {
    it(`refuses the Host ${host ?? '(none)'}`, () => {
      assert.throws(() => guard('GET', { ...headers, host }, options), { code: 'forbidden' })
    })
  }

  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:4712', 'https://127.0.0.1:4711', '']) {
    it(`refuses the Origin "${origin}"`, () => {
      assert.throws(() => guard('GET', { ...headers, origin }, options), { code: 'forbidden' })
    })
  }

  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${options.token}`,
    'Bearer wrong',
    `Bearer ${options.token}x`,
    `Bearer ${'x'.repeat(42)}`,
  ]) {
    it(`refuses the authorization "${authorization ?? '(none)'}"`, () => {
      assert.throws(() => guard('GET', { ...headers, authorization }, options), { code: 'unauthorized' })
    })
  }

  for (const type of [
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ]) {
    it(`refuses a POST of type ${type ?? '(none)'}`, () => {
      assert.throws(() => guard('POST', { ...headers, 'content-type': type }, options), { code: 'media-type' })
    })
  }
})
