import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createProgram } from '../../node/cli.ts'
import { commandsOf, type Words } from '../support/docs/commands.ts'
import { type Fence, readFences } from '../support/docs/fences.ts'
import { ROOT, readSources, type SourceFile } from './source-files.ts'

const manifest: { scripts: Record<string, string> } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
const OWN = /^(coldmesh|npm|npx|node)$/
/** Other programs that the pages use. */
const OTHERS = /^(cat|cd|ls|mkdir|python3|pip|test\/\S+|VENV\/bin\/(python|pip))$/
/** Stays where it is shown: Ctrl-C in a terminal. */
const INTERRUPT = '^C'

/** Commands of a page that this program, its scripts or its files do not have. */
async function wrongCommands({ path, text }: SourceFile): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const fence of readFences(text)) {
    for (const words of shown(fence)) {
      const why = await complaint(words)
      if (why !== null) wrong.push(`${path}:${fence.at}: ${words.join(' ')}: ${why}`)
    }
  }
  return wrong
}

/** All commands of a block of commands; in other blocks (output, pictures, units of a service) those of our own. */
function shown(fence: Fence): readonly Words[] {
  if (fence.info === 'sh') return commandsOf(fence)
  const lines = fence.lines.map((line) => line.replace(/^ExecStart=\S*\//, ''))
  return commandsOf({ lines: joined(lines).filter((line) => /^(npx )?coldmesh [a-z-]|^(npm|npx|node) /.test(line)) })
}

function joined(lines: readonly string[]): readonly string[] {
  return lines.join('\n').replaceAll('\\\n', '').split('\n')
}

async function complaint(words: Words): Promise<string | null> {
  const [program = '', ...args] = words
  if (program === INTERRUPT || OTHERS.test(program)) return null
  if (!OWN.test(program)) return 'an unknown program'
  if (program === 'npx') return args[0]?.startsWith('-') ? 'options of npx' : await complaint(args)
  if (program === 'npm') return complaintAboutNpm(args)
  if (program === 'node') return complaintAboutFile(args)
  return await complaintAboutOptions(args)
}

function complaintAboutNpm([verb = '', name = '']: Words): string | null {
  if (['ci', 'install', 'test'].includes(verb)) return null
  if (verb !== 'run') return 'not a verb that is used here'
  return Object.hasOwn(manifest.scripts, name) ? null : 'package.json has no such script'
}

function complaintAboutFile(args: Words): string | null {
  const file = args.find((arg) => !arg.startsWith('-'))
  if (file === undefined) return 'no file'
  const folder = file.replace(/[^/]*[*{].*$/, '')
  return existsSync(`${ROOT}${folder}`) ? null : 'no such file'
}

/** Parsed as the program itself does. */
async function complaintAboutOptions(args: Words): Promise<string | null> {
  if (args.length === 1 && ['--help', '--version'].includes(args[0] ?? '')) return null
  const program = createProgram(async () => {})
  program.configureOutput({ writeOut: () => {} })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const pages = [...readSources(['docs'], /\.md$/), ...readSources([''], /^README\.md$|^examples\/README\.md$/)]

describe('the pages', () => {
  it('show commands', () => {
    const commands = pages.flatMap(({ text }) => readFences(text).flatMap(shown))
    assert.ok(commands.filter((words) => words.includes('coldmesh')).length > 30)
  })

  for (const page of pages) {
    it(`show only commands and options that exist: ${page.path}`, async () => {
      assert.deepEqual(await wrongCommands(page), [])
    })
  }
})

describe('the check of commands', () => {
  const wrong = (command: string, info = 'sh') =>
    wrongCommands({ path: 'docs/a.md', text: `# A\n\n\`\`\`${info}\n${command}\n\`\`\`\n` })

  it('sees each fault', async () => {
    const faults = [
      'coldmesh nonsense',
      'coldmesh status --nonsense',
      'npx coldmesh daemon --dir',
      'coldmesh status one two',
      'coldmesh export',
      'coldmesh init --dir a && coldmesh int --dir a',
      'coldmesh join "$(coldmesh invit --dir a)" --data a.csv',
      'coldmesh genesis --dir a \\\n  --membr a=KEY',
      'codlmesh status',
      'npm run nonsense',
      'npm publish',
      'node examples/nonsense.ts',
      'cat <<END\ncoldmesh\nEND\ncoldmesh nonsense',
    ]
    for (const command of faults) assert.equal((await wrong(command)).length, 1, command)
    for (const info of ['', 'text']) assert.equal((await wrong('npx coldmesh nonsense', info)).length, 1)
    assert.equal((await wrong('ExecStart=/usr/bin/coldmesh daemon --nonsense', 'ini')).length, 1)
  })

  it('lets good commands through', async () => {
    const right = [
      "coldmesh join 'coldmesh1...' --data reviews.csv # comment --nonsense",
      'npx coldmesh daemon --dir ben --network "$(npx coldmesh invite --dir ada)"',
      "cat > a.csv <<'END'\ncoldmesh nonsense, \"quoted\nEND",
      'mkdir a && cd a; ls | cat',
      'npm ci && npm run demo',
      'npx node --conditions=coldmesh-source examples/start-a-peer.ts DIR',
      'coldmesh --version',
      '# terminal 1\n^C',
    ]
    for (const command of right) assert.deepEqual(await wrong(command), [], command)
    assert.deepEqual(await wrong('coldmesh: bad-input: no\nround 1, collect', ''), [])
  })
})
