import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { COMMANDS } from '../../../node/commands.ts'
import { blockPrefix } from '../../../src/adapters/gateway/car.ts'
import { rawCar } from '../../support/gateway/raw-car.ts'
import { type CliOptions, runCli, startCli, temporaryFolder } from '../../support/node/cli.ts'

const folder = temporaryFolder('bad input')
after(folder.remove)

/** Well formed, and of nothing. */
const UNKNOWN_GENESIS = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}

async function freshDir(name: string): Promise<string> {
  const dir = join(folder.path, name)
  const { code, stderr } = await runCli(['init', '--dir', dir])
  assert.equal(code, 0, stderr)
  return dir
}

interface Expected {
  readonly exit: number
  readonly code: string
  readonly message: RegExp
}

/** For people: one line with the code and the sentence, one with the next step; for programs: one object. */
async function refuses(
  args: readonly string[],
  { exit, code, message }: Expected,
  options?: CliOptions,
): Promise<void> {
  const { code: status, stderr, stdout } = await runCli(args, options)
  assert.equal(status, exit, stderr)
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[0] ?? '', new RegExp(`^coldmesh: ${code}: `))
  assert.match(lines[0] ?? '', message)
  assert.match(lines[1] ?? '', /^ {2}next: ./)
  assert.equal(lines.length, 2, stderr)
  assert.equal(stdout.includes('    at '), false)
}

/** Two at a time: each is a process. */
async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 2) await Promise.all(items.slice(i, i + 2).map(work))
}

// fault 104: a wrong command line, dataset, network, data directory, CID, genesis or file
describe('a wrong command line', () => {
  it('names an unknown flag, command and missing argument', async () => {
    const usage = { exit: 2, code: 'bad-input' }
    await refuses(['status', '--bogus'], { ...usage, message: /nknown option '--bogus'/ })
    await refuses(['statu'], { ...usage, message: /nknown command 'statu'.*status/ })
    await refuses(['verify'], { ...usage, message: /issing required argument 'base'/ })
    await refuses(['status', 'extra'], { ...usage, message: /oo many arguments/ })
    await refuses(['demo', '--peers', 'many'], {
      ...usage,
      message: /--peers takes a whole number from 2 to 16, not "many"/,
    })
    await refuses(['demo', '--rounds', '0'], { ...usage, message: /--rounds takes a whole number of at least 1/ })
    await refuses(['join', '--engine', 'cuda'], { ...usage, message: /--engine .*tfjs-webgpu.*"cuda"/ })
    await refuses(['join', '--dir', folder.path], { ...usage, message: /what to train on/ })
  })

  it('is one object with --json', async () => {
    const { code, stderr } = await runCli(['status', '--bogus', '--json'])
    assert.equal(code, 2)
    const { error } = JSON.parse(stderr)
    assert.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'facts'])
    assert.equal(error.code, 'bad-input')
  })

  it('is not --help or --version, which print and succeed', async () => {
    assert.match((await runCli(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
    const { code, stdout } = await runCli(['join', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--learning-rate <RATE>/)
  })

  it('may come from a variable or an options file, which is then named', async () => {
    const env = { COLDMESH_API_PORT: 'x' }
    const usage = { exit: 2, code: 'bad-input' }
    await refuses(['daemon', '--dir', folder.path], { ...usage, message: /COLDMESH_API_PORT takes a whole/ }, { env })
    const options = file('options-wrong.json', '{"stepz": 1}')
    await refuses(['status', '--options', options, '--dir', folder.path], { ...usage, message: /"stepz"/ })
  })
})

describe('a wrong dataset', () => {
  const joins = async (data: string, more: readonly string[], expected: Expected) => {
    const dir = join(folder.path, 'joiner')
    await refuses(['join', UNKNOWN_GENESIS, '--dir', dir, '--data', data, '--join-timeout', '1', ...more], expected)
    const daemon = ['daemon', '--network', UNKNOWN_GENESIS, '--dir', dir, '--join-timeout', '1', '--train-on', data]
    await refuses([...daemon, ...more], expected)
  }

  it('is refused before any peer is asked: missing file', async () => {
    await joins(join(folder.path, 'absent.csv'), [], { exit: 2, code: 'bad-input', message: /absent\.csv/ })
  })

  it('is refused before any peer is asked: a directory', async () => {
    await joins(folder.path, [], { exit: 2, code: 'bad-input', message: /./ })
  })

  it('is refused before any peer is asked: a column that is not there', async () => {
    const data = file('reviews.csv', 'text,stars\ngood,5\nbad,1\n')
    await joins(data, ['--label', 'star'], { exit: 2, code: 'bad-(input|dataset)', message: /star/ })
  })

  it('is refused before any peer is asked: no rows', async () => {
    const data = file('empty.csv', 'text,label\n')
    await joins(data, [], { exit: 2, code: 'bad-(input|dataset)', message: /empty|no rows|no examples/i })
  })

  it('is refused before any peer is asked: one label only', async () => {
    const data = file('one.csv', 'text,label\na,yes\nb,yes\nc,yes\n')
    await joins(data, [], { exit: 2, code: 'bad-(input|dataset)', message: /label/ })
  })
})

describe('a wrong network', () => {
  it('is refused when the invite is damaged', async () => {
    const dir = await freshDir('damaged')
    const damaged = 'coldmesh1mfsgmzdt'
    const data = file('good.csv', 'text,label\na,x\nb,y\n')
    await refuses(['daemon', '--dir', dir, '--network', damaged], { exit: 2, code: 'bad-input', message: /invite/ })
    await refuses(['join', damaged, '--dir', dir, '--data', data], { exit: 2, code: 'bad-input', message: /invite/ })
  })

  it('is refused when it is neither an invite nor a CID, or none is named', async () => {
    const dir = await freshDir('nonsense')
    await refuses(['daemon', '--dir', dir, '--network', 'nonsense'], {
      exit: 2,
      code: 'bad-input',
      message: /"nonsense"/,
    })
    await refuses(['daemon', '--dir', dir], { exit: 2, code: 'bad-input', message: /network/ })
  })

  // Fault 26.
  it('is unreachable when nobody has its genesis', async () => {
    const dir = await freshDir('lonely')
    const args = ['daemon', '--dir', dir, '--network', UNKNOWN_GENESIS, '--join-timeout', '2', '--no-mdns', '--no-dht']
    await refuses([...args, '--listen', '/ip4/127.0.0.1/tcp/0'], { exit: 3, code: 'unreachable', message: /./ })
  })
})

describe('a wrong data directory', () => {
  it('is not made up by commands that read', async () => {
    const dir = join(folder.path, 'never made')
    const absent = { exit: 2, code: 'bad-input', message: /There is no data directory/ }
    for (const args of [
      ['status'],
      ['log'],
      ['verify', UNKNOWN_GENESIS],
      ['export', UNKNOWN_GENESIS, '--out', `${dir}-out`],
    ]) {
      await refuses([...args, '--dir', dir], absent)
    }
    for (const command of ['peers', 'invite']) {
      await refuses([command, '--dir', dir], { exit: 3, code: 'unreachable', message: /no daemon runs/i })
    }
  })

  // fault 63
  it('is refused when its key is missing or truncated, and gets no new one', {
    skip: process.platform === 'win32',
  }, async () => {
    const dir = await freshDir('keyless')
    const key = join(dir, 'key')
    const refused = { exit: 5, code: 'refused' }
    const commands = [['init'], ['daemon', '--network', UNKNOWN_GENESIS]]
    // One after the other: each locks the directory for a moment.
    writeFileSync(key, readFileSync(key).subarray(0, 31))
    for (const args of commands)
      await refuses([...args, '--dir', dir], { ...refused, message: /31 bytes instead of 32/ })
    rmSync(key)
    for (const args of commands) await refuses([...args, '--dir', dir], { ...refused, message: /config but no key/ })
    rmSync(join(dir, 'journal'))
    await refuses(['init', '--dir', dir], { ...refused, message: /config but no key/ })
    assert.equal(existsSync(key), false)
  })

  // fault 63
  it('is refused when others can read its key', { skip: process.platform === 'win32' }, async () => {
    const dir = await freshDir('wide')
    chmodSync(join(dir, 'key'), 0o644)
    await refuses(['init', '--dir', dir], { exit: 5, code: 'refused', message: /can be read by others/ })
  })

  // fault 107
  it('is refused when a newer version wrote its config, with what to do, and stays as it is', async () => {
    const dir = await freshDir('newer')
    const config = join(dir, 'config.json')
    const written = JSON.stringify({ version: 99, network: UNKNOWN_GENESIS, later: true })
    writeFileSync(config, written)
    const commands = [
      ...[
        ['verify', UNKNOWN_GENESIS],
        ['init', '--name', 'other'],
      ],
      ['daemon', '--network', UNKNOWN_GENESIS],
    ]
    await eachAtOnce(commands, async (args) => {
      await refuses([...args, '--dir', dir], { exit: 2, code: 'unsupported', message: /newer coldmesh \(format 99\)/ })
    })
    const { code, stderr } = await runCli(['status', '--dir', dir])
    assert.equal(code, 2)
    assert.match(stderr, /^coldmesh: unsupported: .*newer coldmesh.*\n {2}next: Update coldmesh/)
    assert.equal(readFileSync(config, 'utf8'), written)
  })

  it('is refused when it is a file, by every command', async () => {
    const path = file('not a folder', '')
    const data = file('some.csv', 'text,label\na,x\nb,y\nc,x\nd,y\n')
    const more: Readonly<Record<string, readonly string[]>> = {
      import: [folder.path],
      join: [UNKNOWN_GENESIS, '--data', data],
      eval: ['--data', data],
      blame: ['--data', data],
      data: [data],
      'data commit': [data],
      'data prove-row': [data, '--row', '1'],
      'data check': [data],
      'data check-set': [data, '--salt', data],
      train: ['--data', data, '--out', join(folder.path, 'never')],
      verify: [UNKNOWN_GENESIS],
      export: [UNKNOWN_GENESIS, '--out', join(folder.path, 'never')],
    }
    const names = COMMANDS.map(({ spec }) => spec).filter(({ options }) => options.includes('dir'))
    assert.ok(names.length >= 12)
    await eachAtOnce(names, ({ name }) =>
      refuses([...name.split(' '), ...(more[name] ?? []), '--dir', path], {
        exit: 2,
        code: 'bad-input',
        message: /is a file, and a data directory is a directory/,
      }),
    )
  })

  it('belongs to no network: status says so and succeeds, log names the next step', async () => {
    const dir = await freshDir('new')
    const { code, stdout } = await runCli(['status', '--dir', dir, '--json'])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), {
      running: false,
      network: null,
      round: null,
      base: null,
      evidence: [],
      fork: null,
      split: null,
      mismatches: [],
    })
    await refuses(['log', '--dir', dir], { exit: 2, code: 'bad-input', message: /no network/ })
  })
})

describe('a wrong CID', () => {
  it('is no argument of verify or export', async () => {
    const dir = await freshDir('cids')
    const wrong = { exit: 2, code: 'bad-input', message: /is neither a CID nor a directory/ }
    await refuses(['verify', 'nonsense', '--dir', dir], wrong)
    await refuses(['verify', '../../no/such', '--dir', dir], wrong)
    const out = join(folder.path, 'out')
    await refuses(['export', 'nonsense', '--dir', dir, '--out', out], { ...wrong, message: /is not a CID/ })
    mkdirSync(out)
    await refuses(['export', UNKNOWN_GENESIS, '--dir', dir, '--out', out], { ...wrong, message: /is there already/ })
    await refuses(['export', UNKNOWN_GENESIS, '--dir', dir], { ...wrong, message: /where the files should go/ })
  })
})

describe('a wrong genesis', () => {
  it('is refused: member, contributor, base, policy', async () => {
    const dir = await freshDir('founder')
    const usage = { exit: 2, code: 'bad-input' }
    await refuses(['genesis', '--dir', dir, '--member', 'alpha'], { ...usage, message: /NAME=KEY/ })
    await refuses(['genesis', '--dir', dir, '--contributors', 'abc'], { ...usage, message: /--contributors/ })
    await refuses(['genesis', '--dir', dir, '--base', folder.path], {
      ...usage,
      message: /config\.json|cannot be read/,
    })
    await refuses(['genesis', '--dir', dir, '--quorum', 'half'], { ...usage, message: /byzantine or crash/ })
  })
})

describe('a wrong file', () => {
  it('is named: options that are missing, a directory, or of another shape', async () => {
    const dir = await freshDir('options')
    const wrong = (path: string, message: RegExp) =>
      refuses(['status', '--dir', dir, '--options', path], { exit: 2, code: 'bad-input', message })
    await wrong(join(folder.path, 'absent.json'), /absent\.json cannot be read/)
    await wrong(folder.path, /cannot be read/)
    await wrong(file('list.json', '[1]'), /sets "0"|is not an object/)
  })

  it('is named: evidence that is missing, a directory, too long, or beside a base', async () => {
    const dir = join(folder.path, 'evidence, nowhere')
    const wrong = (args: readonly string[], message: RegExp) =>
      refuses(['verify', '--dir', dir, ...args], { exit: 2, code: 'bad-input', message })
    await wrong(['--evidence', join(folder.path, 'absent.cbor')], /absent\.cbor cannot be read/)
    await wrong(['--evidence', folder.path], /is no file of evidence/)
    await wrong(['--evidence', file('long.cbor', 'x'.repeat(100_000))], /too long/)
    await wrong([UNKNOWN_GENESIS, '--evidence', file('short.cbor', 'x')], /two things/)
    const { code, stdout } = await runCli(['verify', '--dir', dir, '--evidence', file('none.cbor', 'x'), '--json'])
    assert.deepEqual([code, JSON.parse(stdout).reason], [4, 'evidence-not-cbor'])
  })

  it('is named: a base that is a file, an output that is there', async () => {
    const dir = await freshDir('bases')
    const wrong = { exit: 2, code: 'bad-input' }
    await refuses(['genesis', '--dir', dir, '--base', file('base', '')], { ...wrong, message: /base/ })
    await refuses(['genesis', '--dir', dir, '--base', join(folder.path, 'absent')], { ...wrong, message: /absent/ })
    await refuses(['evidence', '--dir', dir, '--out', folder.path], { ...wrong, message: /is there already/ })
  })
})

describe('a wrong CAR', () => {
  const [first, second] = [Buffer.from('first'), Buffer.from('second')]
  const whole = rawCar(first, second)
  const hashedOtherwise = CID.createV1(0x55, createDigest(0x13, Buffer.alloc(64)))
  const lying = Buffer.from(whole)
  lying.write('x', lying.length - 1)
  const cases: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
    ['truncated.car', whole.subarray(0, -1), 'bad-input', /truncated\.car is no whole CAR file: it is cut off/],
    ['lying.car', lying, 'bad-input', /block bafkrei\w+ is not what its CID says/],
    // A block of 16 MiB, it says.
    ['huge.car', Buffer.concat([whole, Buffer.from('80808008', 'hex')]), 'bad-input', /a section has \d+ bytes/],
    [
      'foreign.car',
      Buffer.concat([whole, blockPrefix(hashedOtherwise, 1), Buffer.from('x')]),
      'unsupported',
      /a hash that is not SHA-256/,
    ],
  ]

  it('is refused, with what to do, and nothing of it is kept', async () => {
    const dir = join(folder.path, 'no cars')
    await eachAtOnce(cases, ([name, bytes, code, message]) =>
      refuses(['import', file(name, bytes), '--dir', dir], { exit: 2, code, message }),
    )
    const wrong = { exit: 2, code: 'bad-input', message: /cannot be read/ }
    mkdirSync(join(folder.path, 'folder.car'))
    await refuses(['import', join(folder.path, 'folder.car'), '--dir', dir], wrong)
    assert.equal(existsSync(dir), false)
  })
})

// fault 106
describe('a terminal that is none', () => {
  it('changes nothing: LANG=C, no TTY, a dumb terminal, a name of another script', async () => {
    const dir = await freshDir('Zürich 東京')
    const env = { LANG: 'C', LC_ALL: 'C', TERM: 'dumb' }
    const { code, stdout, stderr } = await runCli(['status', '--dir', dir, '--json'], { env })
    assert.deepEqual([code, stderr, JSON.parse(stdout).running], [0, '', false])
    const named = await runCli(['init', '--dir', dir, '--name', 'Жанна'], { env })
    assert.deepEqual([named.code, named.stderr], [0, ''])
    assert.match(named.stdout, /東京/)
    assert.equal(named.stdout.includes('\u001b'), false)
    assert.equal(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).name, 'Жанна')
  })

  it('changes no exit code: both outputs closed', async () => {
    const child = startCli(['status', '--bogus'])
    child.stdout.destroy()
    child.stderr.destroy()
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 2)
  })
})

// fault 106
describe('a reader that left', () => {
  it('does not turn success into failure', async () => {
    const dir = await freshDir('piped')
    const child = startCli(['status', '--dir', dir])
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    assert.equal(code, 0, stderr)
  })
})
