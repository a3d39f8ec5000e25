import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import { libp2pOptions } from '../../../../../src/adapters/libp2p/libp2p-options.ts'

// fault 25: with two seconds each way, an answer takes three ways there and back; libp2p would close such connections after 5 s.
describe('the question whether a connection lives', () => {
  it('has time for slow links and busy machines, and is not asked again before that time is over', async () => {
    const { connectionMonitor } = libp2pOptions({
      privateKey: await generateKeyPair('Ed25519'),
      listen: [],
      announce: [],
      datastore: new MemoryDatastore(),
      network: 'n'.repeat(16),
      topics: [],
      mdns: false,
      dht: false,
      peersPerAddress: undefined,
      handshakeTimeoutMs: 1,
      inboundPerHost: 1,
      isLoopbackExempt: true,
      connections: () => [],
    })
    const { pingInterval = 0, pingTimeout = {} } = connectionMonitor ?? {}
    assert.ok(Number(pingTimeout.minTimeout) >= 20_000)
    // A second question under way is one stream too many, and libp2p closes the connection for it.
    assert.ok(pingInterval > Number(pingTimeout.maxTimeout))
  })
})
