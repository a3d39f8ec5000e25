import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { initDataDir, readConfig } from 'coldmesh'
import { canCutOff, coldmesh, coldmeshOffline } from '../support/archive/offline.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

const read = (out: string) => JSON.parse(out)

describe('an archive, from a running network to whoever finds it', () => {
  it('is the same file from daemons with other worker counts, and verified without a network', async (t) => {
    if (!canCutOff) t.diagnostic('NOT SHOWN HERE: unshare -rn is not allowed, so that the verifier had a network')
    await using network = await createTestNetwork({
      members: 2,
      round: { minContributions: 2, collectMs: 1_000, graceMs: 500 },
    })
    const threads = ['1', '3']
    const args = (name: string) => ['--threads', threads[network.peers.findIndex((peer) => peer.name === name)] ?? '1']
    const daemons = await network.startAll(({ name }) => ({ rounds: 2, args: args(name) }))
    const fused = await Promise.all(
      daemons.map((daemon) => daemon.event(({ event, ...of }) => event === 'fused' && of['round'] === 2, 'base 2')),
    )
    const [base] = fused.map((event) => String(event['base']))
    const [one, two] = network.peers.map(({ dataDir }) => dataDir)
    assert.ok(base && one && two)
    const trust = ['--trust', network.network, '--json']
    const at = (name: string) => join(network.dir, name)

    // By the daemon that runs, which has the store.
    const running = await coldmesh('export', base, '--dir', one, '--car', at('one.car'), '--json')
    assert.equal(running.code, 0, running.out)
    const written = read(running.out)
    assert.deepEqual(
      [written.kind, written.cid, written.contents, written.certified],
      ['archive', base, 'everything', true],
    )
    const status = await daemons[0]?.status()
    assert.equal(status?.['archive'], written.root)

    // At its gateway: no file, but the blocks that it keeps.
    const gateway = String(status?.['gateway'])
    const web = await coldmesh('verify', `${gateway}/ipfs/${written.root}`, ...trust)
    assert.equal(web.code, 0, web.out)
    assert.ok(read(web.out).rounds.every(({ fusion }: { fusion: string }) => fusion === 'reproduced'))
    await Promise.all(daemons.map((daemon) => daemon.stop()))

    // From the files of the other.
    const other = await coldmesh('export', base, '--dir', two, '--car', at('two.car'), '--json')
    assert.equal(other.code, 0, other.out)
    const file = await readFile(at('one.car'))
    assert.ok(file.equals(await readFile(at('two.car'))))
    assert.ok((await readFile(at('one.car.idx'))).equals(await readFile(at('two.car.idx'))))

    const full = await coldmeshOffline('verify', at('one.car'), '--dir', at('nothing'), ...trust)
    assert.equal(full.code, 0, full.out)
    assert.ok(read(full.out).valid && read(full.out).level === 'full' && read(full.out).rounds.length === 2)
    assert.equal(existsSync(at('nothing')), false)
    for (const contents of ['lineage', 'weights']) {
      const path = at(`${contents}.car`)
      const made = await coldmesh('export', base, '--dir', two, '--car', path, '--contents', contents)
      assert.equal(made.code, 0, made.out)
      assert.equal((await coldmeshOffline('verify', path, '--level', 'signatures', ...trust)).code, 0)
      assert.equal((await coldmeshOffline('verify', path, '--dir', at('nothing'), ...trust)).code, 4)
      const helped = await coldmeshOffline('verify', path, '--dir', two, ...trust)
      assert.equal(helped.code, 0, helped.out)
    }
    const flipped = Buffer.from(file)
    flipped[file.length - 7] = (flipped[file.length - 7] ?? 0) ^ 1
    await writeFile(at('flipped.car'), flipped)
    const bad = await coldmeshOffline('verify', at('flipped.car'), '--level', 'signatures', ...trust)
    assert.equal(bad.code, 4)
    assert.match(bad.out, /archive-block/)

    // Unpacked, as `export --out` would have written it.
    const unpacked = await coldmeshOffline('import', at('weights.car'), '--out', at('unpacked'))
    assert.equal(unpacked.code, 0, unpacked.out)
    assert.equal((await coldmesh('verify', at('unpacked'), '--dir', two, ...trust)).code, 0)

    // Into a data directory of the network that has seen none of it.
    const fresh = at('fresh')
    await initDataDir(fresh)
    const config = (await readConfig(one)) ?? assert.fail()
    await writeFile(join(fresh, 'config.json'), `${JSON.stringify({ ...config, name: 'fresh' }, null, 2)}\n`)
    const imported = await coldmeshOffline('import', at('one.car'), '--dir', fresh, '--json')
    assert.equal(imported.code, 0, imported.out)
    assert.deepEqual(read(imported.out).archive, {
      network: network.network,
      base,
      round: 2,
      contents: 'everything',
      certificate: true,
    })
    const known = await coldmeshOffline('verify', base, '--dir', fresh, '--json')
    assert.equal(known.code, 0, known.out)
    assert.ok(read(known.out).certified && read(known.out).trusted)
    const again = await coldmeshOffline('export', base, '--dir', fresh, '--car', at('again.car'))
    assert.equal(again.code, 0, again.out)
    assert.ok(file.equals(await readFile(at('again.car'))))
  })
})
