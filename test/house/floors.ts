import { type Import, packageOf } from './imports.ts'

/** Floor and room of a file: imports go to lower floors, or stay in the room. */
export interface Place {
  readonly floor: number
  readonly room: string
}

const PURE_ROOMS = ['fusion', 'checkpoint', 'rounds', 'training']

/** Where a file lives, or null for none of the house's rooms. */
export function placeOf(path: string): Place | null {
  const [top, room = '', inner = ''] = path.split('/')
  if (top === 'protocols') {
    if (room === 'wire') return { floor: 0, room: 'protocols/wire' }
    if (path === 'protocols/registry.ts') return { floor: 1.1, room: path }
    if (path === 'protocols/index.ts') return { floor: 1.2, room: path }
    return { floor: 1, room: `protocols/${room}` }
  }
  if (top === 'src') {
    // Below the other pure rooms, which share them.
    if (room === 'ports' || room === 'floats') return { floor: 2, room: `src/${room}` }
    if (PURE_ROOMS.includes(room)) return { floor: 2.1, room: `src/${room}` }
    // Judges bases with what the other pure rooms have.
    if (room === 'evaluation') return { floor: 2.2, room: 'src/evaluation' }
    // Below the other adapters: whoever writes to a disk needs it.
    if (room === 'adapters') return { floor: inner === 'files' ? 3 : 3.1, room: `src/adapters/${inner}` }
    if (room === 'engines') return { floor: 3.5, room: 'src/engines' }
    if (room === 'peer') return { floor: 4, room: 'src/peer' }
    // Many peers' work in one process, from the peer's own parts.
    if (room === 'lab') return { floor: 4.1, room: 'src/lab' }
    if (room === 'index.ts' || room === 'history.ts') return { floor: 4.2, room: path }
    return null
  }
  if (top === 'node') return { floor: 5, room: 'node' }
  // What builds the shipped base and its tasks: a workshop with the library's inner tools, not an example of its use.
  if (top === 'examples' && room === 'data') return { floor: 4.5, room: 'examples/data' }
  if (top === 'examples') return { floor: 6, room: 'examples' }
  return null
}

const OWN_NAMES = ['coldmesh', 'coldmesh/history', 'coldmesh/protocols', 'coldmesh/node']

/** Why this import must not be, or null. */
export function complaint(found: Import, exists: (path: string) => boolean): string | null {
  const here = placeOf(found.from)
  if (!here) return 'lives in no room of the house'
  if (OWN_NAMES.includes(packageOf(found.specifier)) || found.specifier.startsWith('coldmesh/')) {
    if (here.floor < 4.5) return 'imports the package by its name from inside it'
    return OWN_NAMES.includes(found.specifier) ? null : 'imports more than the package exports'
  }
  if (found.path === null) return complaintAboutPackage(found, here)
  if (!exists(found.path)) return 'imports a file that is not there'
  // A folder beside the file, a suffix, or a suffix that is known when the program runs.
  if (!/\/$|\.[a-z]+$|\.\$\{extension\}$/.test(found.specifier)) return 'imports a file without its suffix'
  return complaintAboutPlace(found.path, here)
}

function complaintAboutPlace(path: string, here: Place): string | null {
  const there = placeOf(path)
  if (!there) {
    // A process reads its own package.json.
    return here.floor >= 5 ? null : 'reaches outside the house'
  }
  if (there.room === here.room) return null
  if (here.floor >= 5) return 'imports what is not exported'
  return there.floor < here.floor ? null : 'imports upwards or sideways'
}

const HASHES = 'node:crypto'
/** What it computes depends on nothing else. */
const ZSTD = 'node:zlib'

/** Packages that a room may import; null where any is fine and only docs/dependencies.md says which. */
function allowedPackages({ floor, room }: Place, from: string): readonly string[] | null {
  if (floor === 0) {
    const crypto = from === 'protocols/wire/crypto.ts' ? ['tweetnacl', HASHES] : []
    return ['@ipld/dag-cbor', 'multiformats', ...crypto]
  }
  if (floor < 2) return ['multiformats']
  if (room === 'src/checkpoint')
    return ['multiformats', '@ipld/dag-pb', 'ipfs-unixfs', 'ipfs-unixfs-importer', HASHES, ZSTD]
  if (room === 'src/training') return ['multiformats', HASHES, '@huggingface/tokenizers']
  if (room === 'src/evaluation') return ['d3-scale', 'd3-shape', HASHES]
  return floor < 3 ? ['multiformats'] : null
}

function complaintAboutPackage({ from, specifier }: Import, here: Place): string | null {
  const name = specifier.startsWith('node:') ? specifier : packageOf(specifier)
  const allowed = allowedPackages(here, from)
  return allowed === null || allowed.includes(name) ? null : `imports ${name}`
}

/** What floors 0 to 2 must not touch: the clock, chance, the process, the disk, the network. */
const IMPURE =
  /\b(?:Date\.now|new Date|performance\.|Math\.random|crypto\.random\w*|randomBytes|randomUUID|set(?:Timeout|Interval|Immediate)|queueMicrotask|process\.|console\.|globalThis\.|Worker\b|WebSocket\b|(?<=(?:await|return|=|=>|\(|,)\s*)fetch\()/g

/** Impure names in code whose comments and strings are blanked out. */
export function impurities(code: string): readonly string[] {
  return [...code.matchAll(IMPURE)].map(([found]) => found)
}
