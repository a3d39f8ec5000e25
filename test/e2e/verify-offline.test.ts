import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BIN } from '../../node/package-root.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { addRound, type TestChain } from '../support/history/build-chain.ts'
import { longChain, writeDataDir } from '../support/history/long-chain.ts'
import { type CliResult, runCli, startCli, temporaryFolder } from '../support/node/cli.ts'
import { testKey } from '../support/protocols/network.ts'

const ROUNDS = 12
const folder = temporaryFolder('verify offline')
after(folder.remove)
const dir = join(folder.path, 'peer')
const exported = join(folder.path, 'base')
let chain: TestChain
let base: string
let network: string
let keys: readonly string[]

before(async () => {
  chain = await longChain(ROUNDS)
  await writeDataDir(dir, chain, { key: testKey('verifier') })
  base = String(chain.head.base)
  network = String(chain.net.network)
  keys = chain.net.members.map(({ publicKey }) => toHex(publicKey))
  const { code, stderr } = await runCli(['export', base, '--dir', dir, '--out', exported])
  assert.equal(code, 0, stderr)
})

const verify = (...args: readonly string[]) => runCli(['verify', ...args])
const reportOf = ({ stdout }: CliResult) => JSON.parse(stdout)

/** Runs in a network namespace of its own, in which there is no interface that is up. Without privileges it makes itself a user, too. */
function withoutNetwork(args: readonly string[]): Promise<CliResult> {
  const flags = process.getuid?.() === 0 ? ['--net'] : ['--map-root-user', '--net']
  return new Promise((resolve, reject) => {
    const child = execFile('unshare', [...flags, process.execPath, ...args], (error, stdout, stderr) => {
      // a check that can't be made is no check that was passed
      if (child.exitCode === null || stderr.includes('unshare:')) {
        reject(new Error(`this machine makes no network namespace, so nothing was shown: ${error?.message} ${stderr}`))
      } else resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

describe('verify with no network interface', () => {
  it('has none, not even the loopback', async () => {
    const script = 'console.log(JSON.stringify(Object.keys(os.networkInterfaces())))'
    const { stdout } = await withoutNetwork(['-e', script])
    assert.deepEqual(JSON.parse(stdout), [])
    const { code } = await withoutNetwork(['-e', "net.connect(9, '127.0.0.1').on('error', () => process.exit(7))"])
    assert.equal(code, 7)
  })

  for (const level of ['signatures', 'sample', 'full']) {
    it(`says yes at level ${level}, from a data directory and from an exported base`, async () => {
      for (const target of [base, exported]) {
        const args = [BIN, 'verify', target, '--dir', dir, '--level', level, '--trust', network, '--json']
        const result = await withoutNetwork(args)
        assert.equal(result.code, 0, result.stderr)
        const { valid, trusted, rounds } = reportOf(result)
        assert.deepEqual([valid, trusted, rounds.length], [true, true, ROUNDS])
      }
    })
  }
})

describe('verify, as people read it', () => {
  it('tells a long history folded, in 80 columns, without colours where there is no terminal', async () => {
    const { code, stdout, stderr } = await verify(base, '--dir', dir, '--limit', '2')
    assert.equal(code, 0, stderr)
    const lines = stdout.trimEnd().split('\n')
    assert.ok(lines.every((line) => line.length <= 80 && !line.includes('\u001b')))
    assert.equal(lines.filter((line) => line.startsWith('├─ round')).length, 2)
    assert.ok(lines.includes(`┊  rounds 2 to ${ROUNDS - 1}: certified, reproduced, ${2 * (ROUNDS - 2)} contributions`))
    assert.match(stdout, /│ {2}signatures: 3 of 3 needed, in view 0: member-/)
    assert.match(stdout, /│ {2}\+ …\w{8} {2}sentiment: 100 rows of reviews, by …\w{8}/)
  })

  it('says of a directory that it is consistent, and that nobody was named', async () => {
    const { code, stdout } = await verify(exported, '--dir', dir)
    assert.equal(code, 0)
    assert.match(stdout, /^consistent, level full, but you have not said whom you trust$/m)
    const report = reportOf(await verify(exported, '--dir', dir, '--json'))
    assert.deepEqual([report.valid, report.trusted, report.trust], [true, false, { genesis: null, keys: null }])
  })

  it('names the first bad link in its place, last, and on standard error', async () => {
    const copy = join(folder.path, 'changed')
    await cp(exported, copy, { recursive: true })
    for (const name of ['certificate', 'genesis']) await cp(`${exported}.${name}.cbor`, `${copy}.${name}.cbor`)
    const path = join(copy, 'model.safetensors')
    const weights = await readFile(path)
    weights[weights.length - 2] = (weights.at(-2) ?? 0) ^ 1
    await writeFile(path, weights)
    const { code, stdout, stderr } = await verify(copy, '--dir', dir)
    assert.equal(code, 4)
    assert.match(stdout, /^│ {2}✗ weights: other-bytes: .*/m)
    const last = stdout.slice(stdout.indexOf('\nfirst bad link: ') + 1).trimEnd()
    assert.match(last, new RegExp(`^first bad link: round ${ROUNDS}, weights: other-bytes`))
    assert.equal(stderr.trimEnd(), last)
  })

  it('names tensor, element and both values of a base that is not the fusion of its inputs', async () => {
    const other = await addRound(await longChain(1), { seeds: [50, 51] })
    const wrong = chain.facts.weights
    const lying = await addRound(other, { seeds: [60, 61], lie: { lineage: (told) => ({ ...told, weights: wrong }) } })
    const path = join(folder.path, 'lying')
    await writeDataDir(path, lying, { key: testKey('verifier') })
    for (const level of ['sample', 'full']) {
      const { code, stdout } = await verify(String(lying.head.base), '--dir', path, '--level', level)
      assert.equal(code, 4)
      const text = stdout.replaceAll(/\n(│ +| +)/g, ' ')
      assert.match(
        text,
        /✗ weights: differs: .*: tensor "layer\.weight", element 0: the fusion gives \S+, the base has/,
      )
    }
  })
})

describe('verify --trust', () => {
  const ask = async (...args: readonly string[]) => {
    const result = await verify(base, '--dir', dir, '--level', 'signatures', '--json', ...args)
    return { code: result.code, ...reportOf(result) }
  }

  it('takes keys of the committee, also from a file, and says how many signed', async () => {
    const path = join(folder.path, 'keys.txt')
    await writeFile(path, `# the committee\n${keys.join('\n')}\n`)
    for (const args of [['--trust', `@${path}`], ['--trust', path], keys.flatMap((key) => ['--trust', key])]) {
      const { code, trusted, trust } = await ask(...args)
      assert.deepEqual([code, trusted, trust], [0, true, { genesis: null, keys: { named: 4, signed: 3, need: 2 } }])
    }
  })

  it('says no for a stranger, for another genesis, and for keys of a base that nobody signs', async () => {
    const stranger = ['--trust', toHex(testKey('stranger').publicKey)]
    for (const args of [stranger, ['--trust', base]]) {
      const { code, trusted, valid } = await ask(...args)
      assert.deepEqual([code, trusted, valid], [4, false, false])
    }
    const genesis = String(chain.network.genesis.base)
    const { code, stdout } = await verify(genesis, '--dir', dir, ...keys.flatMap((key) => ['--trust', key]))
    assert.equal(code, 4)
    assert.match(stdout.replaceAll(/\s+/g, ' '), /nobody signs the base of round 0, so no key speaks for it/)
  })
})

describe('verify --resume', () => {
  it('notes what was checked, goes on after Ctrl-C, and is refused for anything else', async () => {
    const file = join(folder.path, 'rounds')
    const args = ['verify', base, '--dir', dir, '--level', 'sample', '--resume', file]
    const child = startCli(args)
    child.kill('SIGINT')
    await new Promise((resolve) => child.once('exit', resolve))
    const first = reportOf(await runCli([...args, '--json']))
    const second = reportOf(await runCli([...args, '--json']))
    assert.equal(first.valid, true)
    assert.deepEqual(second, first)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const other = await verify(base, '--dir', dir, '--resume', file)
    assert.equal(other.code, 2)
    assert.match(other.stderr, /^coldmesh: bad-input: .*it is of another verification: level sample\.\n {2}next: /)
    assert.deepEqual(
      (await readdir(folder.path)).filter((name) => name.startsWith('rounds')),
      ['rounds'],
    )
  })
})
