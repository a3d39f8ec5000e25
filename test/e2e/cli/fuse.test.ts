import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('fuse')
after(folder.remove)
const BASE = join(import.meta.dirname, '../../../examples/data/base/model')

describe('coldmesh fuse', () => {
  it('gives the model itself of two that are equal, and its CID', async () => {
    const out = join(folder.path, 'fused')
    const args = ['fuse', BASE, join(BASE, 'model.safetensors'), '--rule', 'mean/1', '--out', out]
    const { code, stdout, stderr } = await runCli([...args, '--json'])
    assert.equal(code, 0, stderr)
    const fused = JSON.parse(stdout)
    assert.equal(fused.weights, fused.inputs[1].weights)
    assert.match(fused.cid, /^bafybei/)
    const [made, base] = [out, BASE].map((path) => readFileSync(join(path, 'model.safetensors')))
    assert.ok(base !== undefined && made?.equals(base))
    const again = await runCli(args)
    assert.equal(again.code, 2)
    assert.match(again.stderr, /^coldmesh: bad-input: .*fused is there already/)
  })

  it('says what is missing or wrong, and the next step', async () => {
    const out = ['--out', join(folder.path, 'never')]
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /not said how to fuse/],
      [['--rule', 'mean/1'], /not said where/],
      [['--rule', 'weighted-mean/1', ...out], /maxRows|needs a weight/],
      [['--rule', 'weighted-mean/1', '--weights', '1,2', ...out], /takes 1 whole numbers/],
      [['--rule', 'median/1', '--weights', '1', ...out], /takes no weights/],
      [['--rule', 'ties/1,density=0.2', ...out], /needs? .*base|goes by differences from a base/],
      [['--rule', 'median/1', '--dtype', 'f64', ...out], /--dtype/],
    ]
    for (const [args, message] of cases) {
      const { code, stderr } = await runCli(['fuse', BASE, ...args])
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
      assert.match(stderr, /\n {2}next: ./)
    }
  })
})
