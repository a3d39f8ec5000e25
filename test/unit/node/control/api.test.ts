import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type IncomingMessage, request as openRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type ControlApi, startControlApi } from '../../../../node/control/api.ts'
import { findDaemon } from '../../../../node/control/client.ts'
import { readControlFile } from '../../../../node/control/control-file.ts'
import { joinAnswer } from '../../../../node/control/shapes.ts'
import { PROGRAM } from '../../../../node/package-root.ts'
import { ColdmeshError } from '../../../../src/ports/errors.ts'
import { BASES, createFakePeer, type FakePeer, NETWORK } from '../../../support/node/fake-peer.ts'

const dir = mkdtempSync(join(tmpdir(), 'coldmesh-api-'))
let fake: FakePeer
let api: ControlApi
let port = 0
let token = ''
let stops = 0

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

async function ask({ method = 'GET', path, headers = {}, body }: Asked): Promise<{ status: number; json: unknown }> {
  const given = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const request = openRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { ...given, ...headers },
    agent: false,
  })
  request.end(body)
  const [response]: IncomingMessage[] = await once(request, 'response')
  assert.ok(response)
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode ?? 0, json: text === '' ? null : JSON.parse(text) }
}

const post = (path: string, body: unknown) => ask({ method: 'POST', path, body: JSON.stringify(body) })
const codeOf = (json: unknown) => (json as { error: { code: string } }).error.code

describe('control API', () => {
  before(async () => {
    fake = createFakePeer()
    api = await startControlApi({
      peer: fake.peer,
      dataDir: dir,
      port: 0,
      openDataset: async (path) => {
        if (path !== '/data/good.csv') throw new ColdmeshError('bad-input', 'There is no such file.', { hint: 'Look.' })
        return { name: 'good', labels: ['a', 'b'], examples: [] }
      },
      onStop: () => {
        stops += 1
      },
    })
    const file = readControlFile(dir)
    assert.ok(file)
    port = file.port
    token = file.token
  })
  after(async () => {
    await api.stop()
    rmSync(dir, { recursive: true })
  })
  beforeEach(() => {
    fake.calls.length = 0
  })

  it('listens on loopback only, and leaves its token in no address', () => {
    assert.equal(api.url, `http://127.0.0.1:${port}`)
  })

  it('answers status with the invite', async () => {
    const { status, json } = await ask({ path: '/v1/status' })
    assert.equal(status, 200)
    assert.deepEqual(json, { running: true, ...fake.peer.status(), invite: 'coldmesh1fake' })
  })

  it('answers peers, rounds from a base, one round, and one base', async () => {
    assert.deepEqual((await ask({ path: '/v1/peers' })).json, { peers: fake.peer.peers() })
    const rounds = (json: unknown) => (json as { rounds: { round: number }[] }).rounds.map(({ round }) => round)
    assert.deepEqual(rounds((await ask({ path: '/v1/rounds' })).json), [3, 2, 1])
    assert.deepEqual(rounds((await ask({ path: `/v1/rounds?limit=1&base=${BASES[1]}` })).json), [2])
    const { json: second } = await ask({ path: '/v1/rounds/2' })
    assert.equal((second as { base: string }).base, BASES[1])
    const { json: third } = await ask({ path: `/v1/bases/${BASES[2]}` })
    assert.equal((third as { round: number }).round, 3)
  })

  it('adds a CAR by its absolute path, and says what is wrong with it', async () => {
    const added = await post('/v1/cars', { file: '/data/good.car' })
    assert.deepEqual(added, { status: 200, json: { roots: [BASES[0]], blocks: 3, bytes: 100, archive: null } })
    const refused = await post('/v1/cars', { file: '/data/bad.car' })
    const error = { code: 'bad-input', message: 'This is no whole CAR file.', hint: 'Make one.' }
    assert.deepEqual(refused, { status: 400, json: { error } })
    assert.deepEqual(fake.calls, ['import /data/good.car', 'import /data/bad.car'])
    for (const body of [{}, { file: 'relative.car' }, { file: 1 }, { file: '/data/good.car', more: true }]) {
      const { status, json } = await post('/v1/cars', body)
      assert.deepEqual([status, codeOf(json)], [400, 'bad-request'], JSON.stringify(body))
    }
    assert.equal(fake.calls.length, 2)
  })

  it('says 404 for what is not there', async () => {
    for (const path of ['/', '/v1', '/v1/rounds/9', `/v1/bases/${NETWORK}`, '/v1/events?join=9', '/../control.json']) {
      const { status, json } = await ask({ path })
      assert.equal(status, 404, path)
      assert.equal(codeOf(json), 'not-found')
    }
  })

  it('refuses foreign hosts, origins and tokens, also for what does not exist', async () => {
    for (const path of ['/v1/status', '/nothing']) {
      assert.equal((await ask({ path, headers: { host: `evil.example:${port}` } })).status, 403)
      assert.equal((await ask({ path, headers: { origin: 'https://evil.example' } })).status, 403)
      assert.equal((await ask({ path, headers: { authorization: 'Bearer no' } })).status, 401)
    }
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    assert.equal((await ask({ method: 'OPTIONS', path: '/v1/stop', headers: preflight })).status, 403)
    assert.equal((await ask({ path: '/v1/events', headers: { origin: 'https://evil.example' } })).status, 403)
  })

  it('reads JSON only', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const { status } = await ask({ method: 'POST', path: '/v1/stop', headers: { 'content-type': type }, body: '{}' })
      assert.equal(status, 415)
    }
    assert.equal((await ask({ method: 'POST', path: '/v1/verify', body: '{' })).status, 400)
    assert.deepEqual([fake.calls, stops], [[], 0])
  })

  it('reads no large body, and no large header', async () => {
    const { status } = await post('/v1/verify', { base: 'x'.repeat(100_000) })
    assert.equal(status, 413)
    const { status: headerStatus } = await ask({
      path: '/v1/status',
      headers: { 'x-large': 'x'.repeat(20_000) },
    }).catch(() => ({ status: 431 }))
    assert.equal(headerStatus, 431)
  })

  it('takes no path, traversal or malformed escape for a CID or number', async () => {
    for (const path of [
      '/v1/bases/..%2f..%2fetc',
      '/v1/bases/%00',
      '/v1/bases/%',
      '/v1/rounds/1e3x',
      '/v1/rounds/-1',
      '/v1/rounds?limit=0',
      '/v1/rounds?bogus=1',
      '/v1/rounds?base=../x',
    ]) {
      const { status, json } = await ask({ path })
      assert.equal(status, 400, path)
      assert.equal(codeOf(json), 'bad-request', path)
    }
  })

  it('refuses bodies with wrong or unknown fields before anything happens', async () => {
    const wrong: readonly [string, unknown][] = [
      ['/v1/verify', {}],
      ['/v1/verify', { base: '../../etc/passwd' }],
      ['/v1/verify', { base: BASES[0], level: 'deep' }],
      ['/v1/verify', { base: BASES[0], extra: 1 }],
      ['/v1/verify', null],
      ['/v1/export', { cid: BASES[0], out: 'relative/path' }],
      ['/v1/archives', { base: BASES[0], file: 'relative.car' }],
      ['/v1/archives', { base: BASES[0], file: '/tmp/x.car', contents: 'all' }],
      ['/v1/export', { cid: BASES[0], out: '/x\0y' }],
      ['/v1/join', { data: 'good.csv', text: 't', label: 'l' }],
      ['/v1/join', { data: '/data/good.csv', text: 't', label: 'l', plan: { steps: 0 } }],
      ['/v1/stop', { now: true }],
    ]
    for (const [path, body] of wrong) assert.equal((await post(path, body)).status, 400, JSON.stringify(body))
    assert.deepEqual([fake.calls, stops], [[], 0])
  })

  // fault 66
  it('refuses bodies with a key that every object has', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const body = `{"base": "${BASES[0]}", "${name}": {"prototype": {"trust": "x"}}}`
      const { status, json } = await ask({ method: 'POST', path: '/v1/verify', body })
      assert.deepEqual([status, codeOf(json)], [400, 'bad-request'], name)
    }
    assert.deepEqual([fake.calls, Object.keys(Object.prototype)], [[], []])
  })

  it('answers with evidence, and checks evidence from elsewhere', async () => {
    assert.deepEqual(await ask({ path: '/v1/evidence' }), { status: 200, json: { evidence: [] } })
    const { status, json } = await post('/v1/evidence', { bytes: Buffer.from('no evidence').toString('base64') })
    assert.equal(status, 200)
    assert.match(JSON.stringify(json), /"proven":false,"reason":"evidence-/)
    for (const bytes of ['???', 'A'.repeat(40_000), 7])
      assert.equal((await post('/v1/evidence', { bytes })).status, 400)
  })

  it('changes nothing by GET', async () => {
    for (const path of ['/v1/join', '/v1/verify', '/v1/export', '/v1/stop']) {
      assert.equal((await ask({ path })).status, 404)
    }
    assert.deepEqual([fake.calls, stops], [[], 0])
  })

  it('verifies and exports for the client', async () => {
    const client = await findDaemon(dir)
    assert.ok(client)
    const { json: report } = await post('/v1/verify', { base: BASES[0], trust: NETWORK })
    assert.equal((report as { trusted: boolean }).trusted, true)
    assert.equal((await post('/v1/export', { cid: BASES[0], out: '/tmp/x' })).status, 200)
    const archived = await post('/v1/archives', { base: BASES[0], file: '/tmp/x.car', contents: 'lineage' })
    assert.deepEqual([archived.status, (archived.json as { kind: string }).kind], [200, 'archive'])
    assert.deepEqual(fake.calls, [
      `verify ${BASES[0]} full ${NETWORK}`,
      `export ${BASES[0]} /tmp/x`,
      `archive ${BASES[0]} /tmp/x.car lineage`,
    ])
  })

  it('verifies with whatever verify takes, and notes its own version where it notes rounds', async () => {
    const key = 'ab'.repeat(32)
    const options = { trustKeys: [key], leaves: 3, sampleSeed: key, details: 2, threads: 1 }
    const body = { base: BASES[0], level: 'sample', ...options, resume: '/tmp/rounds' }
    assert.equal((await post('/v1/verify', body)).status, 200)
    const noted = { ...options, resume: { file: '/tmp/rounds', by: PROGRAM } }
    assert.deepEqual(fake.calls, [`verify ${BASES[0]} sample  ${JSON.stringify(noted)}`])
    for (const wrong of [
      { trustKeys: ['ab'] },
      { trustKeys: key },
      { leaves: 0 },
      { sampleSeed: key.toUpperCase() },
      { resume: 'relative' },
      { threads: 0 },
      { details: 1.5 },
    ]) {
      assert.equal((await post('/v1/verify', { ...body, ...wrong })).status, 400, JSON.stringify(wrong))
    }
  })

  it('has an evaluation signed, and refuses one that is none', async () => {
    const good = { base: BASES[0], task: 'a', mode: 'frozen', value: 0.5, standardError: 0.01, seeds: [1, 2] }
    const body = { ...good, rows: 9, testRows: 9, labels: 2, plan: 'ab'.repeat(32), engine: 'onnx' }
    assert.equal((await post('/v1/reports', body)).status, 201)
    assert.deepEqual(fake.calls, [`report ${BASES[0]} a frozen 0.5`])
    for (const changes of [
      { value: 1.01 },
      { mode: 'best' },
      { seeds: [] },
      { plan: 'x' },
      { base: '../x' },
      { more: 1 },
    ]) {
      assert.equal((await post('/v1/reports', { ...body, ...changes })).status, 400, JSON.stringify(changes))
    }
    assert.deepEqual((await ask({ path: `/v1/reports?base=${BASES[0]}` })).json, { reports: [] })
    assert.equal(fake.calls.length, 1)
  })

  it('vouches for a key, and keeps the voucher of an invite before it joins', async () => {
    const key = 'cd'.repeat(32)
    const { status, json } = await post('/v1/invite', { for: key, rounds: 7 })
    assert.equal(status, 200)
    assert.deepEqual(json, { invite: 'coldmesh1vouched', network: NETWORK, contributor: key, from: 4, until: 10 })
    assert.equal((await post('/v1/invite', { for: key, rounds: 0 })).status, 400)
    await post('/v1/join', { data: '/data/good.csv', text: 't', label: 'l', invite: 'coldmesh1abc' })
    assert.deepEqual(fake.calls, [`vouch ${key} 7`, 'accept coldmesh1abc', 'join  1'])
    fake.finishJoin()
  })

  it("passes the library's errors on, with the hint", async () => {
    const { status, json } = await post('/v1/join', { data: '/data/bad.csv', text: 't', label: 'l' })
    assert.equal(status, 400)
    assert.deepEqual(json, { error: { code: 'bad-input', message: 'There is no such file.', hint: 'Look.' } })
  })

  it('streams a join from its beginning to its result', async () => {
    const client = await findDaemon(dir)
    assert.ok(client)
    const body = { data: '/data/good.csv', text: 't', label: 'l', task: 'mine' }
    const { join: id } = await client.post('/v1/join', body, joinAnswer)
    fake.finishJoin()
    const types: unknown[] = []
    for await (const event of client.events(`/v1/events?join=${id}`, AbortSignal.timeout(5_000))) {
      types.push((event as { type: string }).type)
    }
    assert.deepEqual(types, ['synced', 'outcome', 'result'])
    assert.deepEqual(fake.calls, ['join mine 1'])
  })

  it('streams how a join failed', async () => {
    const client = await findDaemon(dir)
    assert.ok(client)
    const body = { data: '/data/good.csv', text: 't', label: 'l' }
    const { join: id } = await client.post('/v1/join', body, joinAnswer)
    fake.finishJoin(new ColdmeshError('bad-dataset', 'One label only.'))
    let last: unknown
    for await (const event of client.events(`/v1/events?join=${id}`, AbortSignal.timeout(5_000))) last = event
    assert.deepEqual(last, { type: 'error', error: { code: 'bad-dataset', message: 'One label only.', hint: null } })
  })

  it("streams the peer's events to at most 16 clients", async () => {
    const client = await findDaemon(dir)
    assert.ok(client)
    const over = new AbortController()
    const firsts: Promise<unknown>[] = []
    const open = async () => {
      for await (const event of client.events('/v1/events', over.signal)) return event
    }
    const sockets: IncomingMessage[] = []
    for (let count = 0; count < 16; count += 1) {
      const request = openRequest({
        port,
        host: '127.0.0.1',
        path: '/v1/events',
        headers: { authorization: `Bearer ${token}` },
        agent: false,
      }).end()
      const [response]: IncomingMessage[] = await once(request, 'response')
      assert.ok(response)
      assert.equal(response.statusCode, 200)
      sockets.push(response)
    }
    await assert.rejects(open(), { code: 'refused', message: /16 clients/ })
    for (const socket of sockets) {
      firsts.push(
        (async () => {
          for await (const chunk of socket) if (String(chunk).includes('event: muted')) return true
          return false
        })(),
      )
    }
    fake.emit({ type: 'muted', reason: 'a reason\nwith a line break' })
    assert.deepEqual(await Promise.all(firsts), Array(16).fill(true))
    for (const socket of sockets) socket.destroy()
  })

  it('drops a client that sends half a request and waits', { timeout: 10_000 }, async (t) => {
    const otherDir = mkdtempSync(join(tmpdir(), 'coldmesh-api-'))
    const options = { peer: fake.peer, dataDir: otherDir, port: 0, openDataset: async () => assert.fail() }
    const other = await startControlApi({ ...options, onStop: () => {}, requestTimeoutMs: 100 })
    t.after(() => other.stop())
    const otherFile = readControlFile(otherDir)
    assert.ok(otherFile)
    const headers = `Host: 127.0.0.1:${otherFile.port}\r\nAuthorization: Bearer ${otherFile.token}\r\n`
    const body = 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
    for (const half of [`GET /v1/status HTTP/1.1\r\n${headers}`, `POST /v1/verify HTTP/1.1\r\n${headers}${body}`]) {
      const socket = connect(otherFile.port, '127.0.0.1')
      t.after(() => socket.destroy())
      socket.write(half)
      socket.on('error', () => {})
      socket.resume()
      await once(socket, 'close')
    }
    await other.stop()
    rmSync(otherDir, { recursive: true })
  })

  it('stops after it answered', async () => {
    const { status } = await post('/v1/stop', {})
    assert.equal(status, 202)
    assert.equal(stops, 1)
  })

  it('refuses a port that is taken, with what to do', async () => {
    const options = { peer: fake.peer, dataDir: dir, openDataset: async () => assert.fail(), onStop: () => {} }
    await assert.rejects(startControlApi({ ...options, port }), { code: 'refused', hint: /--api-port/ })
    assert.deepEqual(readdirSync(dir), ['control.json'])
  })
})
