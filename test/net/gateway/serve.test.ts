import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { type Gateway, startGateway } from '../../../src/adapters/gateway/server.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { type Answer, ask, cidsIn } from '../../support/gateway/ask.ts'
import { createDag } from '../../support/gateway/dag.ts'

const text = (value: string) => new TextEncoder().encode(value)
const RAW = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'
const EMPTY = 'bafkqaaa'
const INLINE = 'bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa'

const dag = await createDag()
const chunks = ['aaaa', 'bbbb', 'cc'].map(text)
const leaves = await Promise.all(chunks.map(dag.raw))
const [a, b, c] = leaves.map(String) as [string, string, string]
const file = await dag.file(chunks)
const small = await dag.raw(text('hello'))
const one = await dag.raw(text('x'))
const nothing = await dag.raw(new Uint8Array())
const old = await dag.old(chunks.toReversed())
const inner = await dag.directory({ 'file.bin': file, 'small.txt': small })
const twice = await dag.directory({ again: small, small, 'é %.txt': one })
const names = Array.from({ length: 300 }, (_, i) => `name-${i}`)
const large = await dag.sharded(Object.fromEntries(names.map((name) => [name, small])))
const document = await dag.document({ files: { single: small, all: inner }, inline: CID.parse(INLINE), n: 1 })
const root = await dag.directory({ inner, document })
const torn = await dag.file([text('1111'), text('2222'), text('3333')])
await dag.blocks.delete(await dag.raw(text('2222')))
const absent = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

let gateway: Gateway
before(async () => {
  gateway = await startGateway({
    blocks: dag.blocks,
    files: null,
    log: nullLog,
    listen: [{ host: '127.0.0.1', port: 0 }],
  })
})
after(() => gateway.stop())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  ask(gateway.url ?? '', path, { headers, method })
const car = (path: string, headers: Record<string, string> = {}) =>
  get(`/ipfs/${path}${path.includes('?') ? '&' : '?'}format=car`, headers)

describe('a raw block', () => {
  it('comes with what the specification asks for', async () => {
    for (const answer of [
      await get(`/ipfs/${small}?format=raw`),
      await get(`/ipfs/${small}`, { accept: RAW }),
      await get(`/ipfs/${small}`, { accept: `text/html, ${RAW};q=0.5` }),
      await get(`/ipfs/${small}/?format=raw`, { accept: CAR }),
    ]) {
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.body, Buffer.from('hello'))
      const { headers } = answer
      assert.equal(headers['content-type'], RAW)
      assert.equal(headers['content-length'], '5')
      assert.equal(headers['content-disposition'], `attachment; filename="${small}.bin"`)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['etag'], `"${small}.raw"`)
      assert.equal(headers['cache-control'], 'public, max-age=29030400, immutable')
      assert.equal(headers['x-ipfs-path'], `/ipfs/${small}`)
      assert.equal(headers['x-ipfs-roots'], String(small))
      assert.equal(headers['access-control-allow-origin'], '*')
    }
  })

  it('says where it is without an Accept header', async () => {
    const { headers } = await get(`/ipfs/${small}`, { accept: RAW })
    assert.equal(headers['content-location'], `/ipfs/${small}?format=raw`)
    assert.equal((await get(`/ipfs/${small}?format=raw`)).headers['content-location'], undefined)
  })

  it('may have one byte, none, any codec, any base, or be its own CID', async () => {
    for (const [cid, bytes] of [
      [one, 'x'],
      [nothing, ''],
      [EMPTY, ''],
      [INLINE, 'hello i am inlined cid\n'],
      [small.toV1(), 'hello'],
    ] as const) {
      const { status, body } = await get(`/ipfs/${cid}?format=raw`)
      assert.deepEqual([status, body.subarray(0, 5).toString()], [200, bytes.slice(0, 5)], String(cid))
    }
    for (const cid of [file, document, old, root]) {
      const { status, body } = await get(`/ipfs/${cid}?format=raw`)
      const stored = await dag.blocks.get(cid)
      assert.deepEqual([status, body], [200, Buffer.from(stored)])
    }
  })

  it('is answered in part to a range', async () => {
    const ranged = await get(`/ipfs/${small}?format=raw`, { range: 'bytes=1-2' })
    assert.deepEqual([ranged.status, ranged.body.toString()], [206, 'el'])
    assert.equal(ranged.headers['content-range'], 'bytes 1-2/5')
    assert.equal((await get(`/ipfs/${small}?format=raw`, { range: 'bytes=-2' })).body.toString(), 'lo')
    assert.equal((await get(`/ipfs/${small}?format=raw`, { range: 'bytes=9-' })).status, 416)
    assert.equal((await get(`/ipfs/${small}?format=raw`, { range: 'bytes=0-1,3-4' })).status, 200)
  })

  it('has a name of the asker', async () => {
    const of = async (name: string) =>
      (await get(`/ipfs/${small}?format=raw&filename=${encodeURIComponent(name)}`)).headers['content-disposition']
    assert.equal(await of('a.bin'), 'attachment; filename="a.bin"')
    assert.equal(
      await of('testтест.pdf'),
      `attachment; filename="test____.pdf"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.pdf`,
    )
    assert.equal(await of('a"\r\nx: y'), `attachment; filename="a'__x: y"; filename*=UTF-8''a%22__x%3A%20y`)
  })
})

describe('a condition', () => {
  it('is met by its tag, weak or among others, or by any', async () => {
    for (const tag of ['"x", W/"TAG" , "y"', '"TAG"', '*', 'W/"TAG"']) {
      const path = `/ipfs/${small}?format=raw`
      const answer = await get(path, { 'if-none-match': tag.replace('TAG', `${small}.raw`) })
      assert.deepEqual([answer.status, answer.body.length], [304, 0], tag)
      assert.ok(answer.headers['etag'])
    }
    assert.equal((await get(`/ipfs/${small}?format=raw`, { 'if-none-match': `"${small}.car"` })).status, 200)
    assert.equal((await get(`/ipfs/${absent}?format=raw`, { 'if-none-match': '*' })).status, 404)
  })

  it('is another for each scope, range, path and kind of answer', async () => {
    const paths = ['', '&dag-scope=block', '&dag-scope=entity', '&entity-bytes=0:1', '&entity-bytes=1:*', '&car-dups=y']
    const answers = await Promise.all(paths.map((query) => car(`${file}?x=1${query}`)))
    const others = [await get(`/ipfs/${file}?format=raw`), await car(`${inner}/file.bin`)]
    const tags = new Set([...answers, ...others].map(({ headers }) => headers['etag']))
    assert.equal(tags.size, paths.length + 2)
  })

  it('of only-if-cached answers 412 for what is not here', async () => {
    const header = { 'cache-control': 'max-age=0, only-if-cached' }
    for (const method of ['GET', 'HEAD']) {
      assert.equal((await get(`/ipfs/${absent}?format=raw`, header, method)).status, 412)
      assert.equal((await get(`/ipfs/${absent}?format=car`, header, method)).status, 412)
      assert.equal((await get(`/ipfs/${small}?format=raw`, header, method)).status, 200)
    }
  })
})

describe('a CAR', () => {
  const cases: readonly (readonly [string, string, readonly (string | CID)[]])[] = [
    ['all of a file', `${file}`, [file, a, b, c]],
    ['its root alone', `${file}?dag-scope=block`, [file]],
    ['one leaf', `${small}?dag-scope=all`, [small]],
    ['a path', `${root}/inner/small.txt`, [root, inner, small]],
    ['a path with a slash at its end', `${root}/inner/`, [root, inner, file, a, b, c, small]],
    ['the entity of a directory', `${root}/inner?dag-scope=entity`, [root, inner]],
    ['the entity of a file', `${root}/inner/file.bin?dag-scope=entity`, [root, inner, file, a, b, c]],
    ['the block of a path', `${root}/inner/file.bin?dag-scope=block`, [root, inner, file]],
    ['a document and its links', `${document}`, [document, inner, file, a, b, c, small]],
    ['the entity of a document', `${document}?dag-scope=entity&entity-bytes=0:3`, [document]],
    ['a link of a document', `${document}/files/single`, [document, small]],
    ['through a document', `${root}/document/files/all/small.txt`, [root, document, inner, small]],
    ['names with marks', `${twice}/${encodeURIComponent('é %.txt')}`, [twice, one]],
    ['the first byte', `${file}?entity-bytes=0:0`, [file, a]],
    ['bytes of two leaves', `${file}?dag-scope=entity&entity-bytes=3:4`, [file, a, b]],
    ['bytes to the end', `${file}?entity-bytes=4:*`, [file, b, c]],
    ['bytes from the end', `${file}?entity-bytes=-2:*`, [file, c]],
    ['bytes up to some from the end', `${file}?entity-bytes=4:-3`, [file, b]],
    ['more bytes than there are', `${file}?entity-bytes=-99:99`, [file, a, b, c]],
    ['no bytes', `${file}?entity-bytes=5:3`, [file]],
    ['bytes of one leaf', `${small}?entity-bytes=1:2`, [small]],
    ['bytes of a directory', `${inner}?entity-bytes=0:1`, [inner]],
    ['a range that needs no missing block', `${torn}?entity-bytes=8:*`, [torn, '3333']],
    ['blocks once', `${twice}?car-dups=n`, [twice, small, one]],
    ['blocks each time', `${twice}?car-dups=y`, [twice, small, small, one]],
    ['blocks once without being asked', `${twice}`, [twice, small, one]],
    ['a CIDv0 under its own name', `${old}?dag-scope=block`, [old]],
    ['no block for a CID that is one', INLINE, []],
    ['no block for the empty one', EMPTY, []],
  ]

  for (const [what, path, expected] of cases) {
    it(`has ${what}`, async () => {
      const leaf = String(await dag.raw(text('3333')))
      const answer = await car(path)
      assert.equal(answer.status, 200)
      assert.deepEqual(
        cidsIn(answer.body),
        expected.map((cid) => (cid === '3333' ? leaf : String(cid))),
      )
      assert.match(
        answer.headers['content-type'] ?? '',
        /^application\/vnd\.ipld\.car; version=1; order=dfs; dups=[yn]$/,
      )
      assert.equal(answer.headers['accept-ranges'], 'none')
      assert.match(answer.headers['content-disposition'] ?? '', /^attachment; filename=".*\.car"$/)
    })
  }

  it('goes through a directory that is cut by hashes, and lists it', async () => {
    const whole = cidsIn((await car(`${large}?dag-scope=entity`)).body)
    assert.ok(whole.length > 2 && !whole.includes(String(small)))
    for (const name of names.slice(0, 40)) {
      const cids = cidsIn((await car(`${large}/${name}`)).body)
      assert.deepEqual([cids[0], cids.at(-1)], [String(large), String(small)])
      assert.ok(cids.length <= 4)
    }
    assert.equal((await car(`${large}/name-300`)).status, 404)
  })

  it('takes what Accept and the URL say of its kind, the URL first', async () => {
    const of = async (path: string, accept?: string) => {
      const { status, headers } = await get(`/ipfs/${twice}${path}`, accept === undefined ? {} : { accept })
      return status === 200 ? headers['content-type']?.replace(`${CAR}; version=1; order=dfs; `, '') : status
    }
    assert.equal(await of('', `${CAR}; version=1; order=dfs; dups=y`), 'dups=y')
    assert.equal(await of('?format=car', `${CAR}; dups=y`), 'dups=y')
    assert.equal(await of('?format=car&car-dups=n', `${CAR}; dups=y`), 'dups=n')
    assert.equal(await of('', `${CAR};order=foo, ${CAR};order=dfs;dups=y;q=0.5`), 'dups=y')
    assert.equal(await of('', `${CAR};order=unk`), 'dups=n')
    assert.equal(await of('', `${CAR};q=0.5, ${RAW}`), RAW)
    assert.equal(await of('', `${CAR};order=foo`), 406)
    assert.equal(await of('', `${CAR};version=2`), 406)
    assert.equal(await of('?format=car&car-version=2'), 400)
    assert.equal(await of('?format=car&car-order=bfs'), 400)
    assert.equal(await of('?format=car&car-dups=maybe'), 400)
  })

  it('that lacks a block is cut off, not ended', async () => {
    const answer = await car(`${torn}`)
    assert.equal(answer.status, 200)
    assert.equal(answer.isWhole, false)
  })
})

describe('HEAD', () => {
  it('has the head of GET and no body', async () => {
    for (const path of [`/ipfs/${small}?format=raw`, `/ipfs/${root}/inner?format=car&dag-scope=entity`]) {
      const [head, whole] = [await get(path, {}, 'HEAD'), await get(path)]
      assert.deepEqual([head.status, head.body.length], [200, 0])
      for (const name of ['content-type', 'etag', 'content-disposition', 'x-ipfs-roots', 'cache-control']) {
        assert.equal(head.headers[name], whole.headers[name])
      }
    }
    assert.equal((await get(`/ipfs/${absent}?format=raw`, {}, 'HEAD')).status, 404)
    assert.equal((await get(`/ipfs/${EMPTY}`, {}, 'HEAD')).status, 200)
  })
})

describe('a request that cannot be answered', () => {
  const cases: readonly (readonly [number, string, string?, Record<string, string>?])[] = [
    [400, `/ipfs/${small}`],
    [406, `/ipfs/${small}`, 'GET', { accept: 'text/html,*/*;q=0.8' }],
    [406, `/ipfs/${small}`, 'GET', { accept: `${RAW};q=0` }],
    [406, `/ipfs/${small}?format=tar`],
    [400, `/ipfs/${small}?format=zip`],
    [404, `/ipfs/${absent}?format=raw`],
    [404, `/ipfs/${absent}?format=car`],
    [404, `/ipfs/${root}/inner/none?format=car`],
    [404, `/ipfs/${file}/below?format=car`],
    [404, `/ipfs/${document}/none?format=car`],
    [501, `/ipfs/${document}/n?format=car`],
    [501, `/ipfs/${document}/files?format=car`],
    [400, '/ipfs/not-a-cid?format=raw'],
    [400, '/ipfs/?format=raw'],
    [404, '/'],
    [404, '/../../etc/passwd'],
    [404, `/ipfs/${root}/../../x?format=car`],
    [400, `/ipfs/${root}/%zz?format=car`],
    [501, '/ipns/example?format=raw'],
    [405, `/ipfs/${small}?format=raw`, 'PUT'],
    [405, `/ipfs/${small}?format=raw`, 'DELETE'],
    [400, `/ipfs/${small}?format=raw`, 'POST', { 'transfer-encoding': 'chunked' }],
    [400, `/ipfs/${file}?format=car&dag-scope=some`],
    [400, `/ipfs/${file}?format=car&entity-bytes=1`],
    [400, `/ipfs/${file}?format=car&entity-bytes=a:b`],
    [400, `/ipfs/${file}?format=car&entity-bytes=*:5`],
    [400, `/ipfs/${file}?format=car&entity-bytes=10:20`],
    [400, `/ipfs/${root}${'/x'.repeat(65)}?format=car`],
    [414, `/ipfs/${root}?format=car&x=${'x'.repeat(5000)}`],
    [400, `/ipfs/${small}?format=raw`, 'GET', { 'service-worker': 'script' }],
  ]
  for (const [status, path, method = 'GET', headers = {}] of cases) {
    it(`is told ${status}: ${method} ${path.replaceAll(/baf\w{20,}/g, 'CID').slice(0, 60)} ${Object.values(headers)}`, async () => {
      const answer = await get(path, headers, method)
      assert.equal(answer.status, status)
      assert.match(answer.body.toString(), /^\w.*\n$/)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.notEqual(answer.headers['cache-control'], 'public, max-age=29030400, immutable')
    })
  }

  it('is told what may be asked, to OPTIONS', async () => {
    const { status, headers } = await get(`/ipfs/${small}`, {}, 'OPTIONS')
    assert.equal(status, 204)
    assert.match(headers['access-control-allow-methods'] ?? '', /GET, HEAD, OPTIONS/)
  })
})
