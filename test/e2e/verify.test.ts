import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createTestNetwork } from '../support/e2e/network.ts'

const BIN = join(import.meta.dirname, '..', '..', 'node', 'coldmesh.js')

interface Outcome {
  readonly code: number
  readonly out: string
}

function coldmesh(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr })
    })
  })
}

// docs/reliability.md: fault 111.
describe('verify, from files alone', () => {
  it('says yes for every base, and no for one flipped bit in weights, lineage or certificate, naming the link', async () => {
    await using network = await createTestNetwork({
      members: 2,
      round: { minContributions: 2, collectMs: 1_000, graceMs: 500 },
    })
    const daemons = await network.startAll(() => ({ rounds: 2 }))
    const fused = await Promise.all(
      [1, 2].map((round) =>
        daemons[0]?.event(({ event, ...of }) => event === 'fused' && of['round'] === round, `base ${round}`),
      ),
    )
    await Promise.all(daemons.map((daemon) => daemon.stop()))
    const [first, second] = fused.map((event) => String(event?.['base']))
    const dir = network.peers[0]?.dataDir
    assert.ok(first && second && dir)

    for (const base of [network.base, first, second]) {
      const { code, out } = await coldmesh('verify', base, '--dir', dir, '--trust', network.network, '--json')
      assert.equal(code, 0, out)
      const report = JSON.parse(out)
      assert.ok(report.valid && report.certified && report.trusted && report.level === 'full')
      assert.ok(
        report.rounds.every((round: { fusion: string }) => round.fusion === 'reproduced'),
        out,
      )
    }

    const exported = join(network.dir, 'exported')
    assert.equal((await coldmesh('export', second, '--dir', dir, '--out', exported)).code, 0)
    assert.equal((await coldmesh('verify', exported, '--dir', dir, '--trust', network.network)).code, 0)
    const flips: readonly (readonly [file: string, at: number, link: RegExp])[] = [
      [join('exported', 'model.safetensors'), -4, /weights|model\.safetensors/],
      [join('exported', 'lineage.cbor'), -100, /lineage/],
      ['exported.certificate.cbor', -10, /certificate/],
    ]
    for (const [file, at, link] of flips) {
      const path = join(network.dir, file)
      const intact = await readFile(path)
      await writeFile(path, flipped(intact, at))
      const { code, out } = await coldmesh('verify', exported, '--dir', dir, '--trust', network.network, '--json')
      assert.equal(code, 4, `${file}: ${out}`)
      assert.match(JSON.stringify(JSON.parse(out).failures), link)
      await writeFile(path, intact)
    }

    // The same in a data directory: every file of weights, and the chain file.
    const copy = join(network.dir, 'copy')
    await cp(dir, copy, { recursive: true })
    const files = join(copy, 'blocks', 'files')
    const weights = (await readdir(files)).filter((name) => name.endsWith('.safetensors'))
    assert.ok(weights.length > 5, 'three bases, and the inputs of two rounds')
    for (const [path, link] of [
      [join(copy, 'chain'), /certificate.*damaged/],
      ...weights.map((name) => [join(files, name), /block|weights|lineage|contribution|card|file/] as const),
    ] as const) {
      const intact = await readFile(path)
      await writeFile(path, flipped(intact, -5))
      const { code, out } = await coldmesh('verify', second, '--dir', copy, '--trust', network.network, '--json')
      assert.equal(code, 4, `${path}: ${out}`)
      assert.match(JSON.stringify(JSON.parse(out).failures), link)
      await writeFile(path, intact)
    }
    assert.equal((await coldmesh('verify', second, '--dir', copy, '--trust', network.network)).code, 0)
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = copy.length + at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
