import { encode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { clipFactors, decodeNorm, encodeNorm } from '../../../protocols/lineage/clipping.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { baseFile, openBase } from '../../../src/checkpoint/base.ts'
import { dagPbCid, rawCid } from '../../../src/checkpoint/cid.ts'
import { encodeDirectory, readFile } from '../../../src/checkpoint/unixfs.ts'
import { addRound, type Lie, readLineage, startChain, type TestChain, utf8 } from '../history/build-chain.ts'
import { checkpointBytes, importBytes, SMALL_LAYOUT } from '../history/checkpoints.ts'
import { precommitsBy } from '../protocols/messages.ts'
import type { ToldLie } from './lie.ts'

/** What a quorum can certify besides lineages: other files, other weights, other norms. */

/** What `sample` finds when it draws the second leaf, and else does not. */
const SECOND_LEAF = 'weights with one bit changed in the second of two leaves'

type Case = {
  readonly lie: (chain: TestChain) => Promise<Lie>
  readonly link: string
  readonly foundAt?: 'sample' | 'full'
}

const text = async ({ store }: TestChain, content: string) => await importBytes(utf8(content), store)

/** The honest weights with the lowest bit of the last element changed. */
async function oneBit(chain: TestChain): Promise<CID> {
  const honest = await addRound(chain, { seeds: [4, 5] })
  const leaves = await Array.fromAsync(readFile(honest.head.weights, chain.store.get, { maxBytes: 1 << 24 }))
  const bytes = new Uint8Array(Buffer.concat(leaves))
  bytes[bytes.length - 4] = (bytes[bytes.length - 4] ?? 0) ^ 1
  return await importBytes(bytes, chain.store)
}

const FILES: Readonly<Record<string, Case>> = {
  'another config': {
    lie: async (chain) => {
      const cid = await text(chain, '{}')
      return {
        shared: (files) => files.map((file) => (file.name === 'config.json' ? baseFile(file.name, cid, 2) : file)),
      }
    },
    link: 'file config.json',
  },
  'a tokenizer left out': {
    lie: async () => ({ shared: (files) => files.filter(({ name }) => name !== 'tokenizer.json') }),
    link: 'file tokenizer.json',
  },
  'a vocabulary added': {
    lie: async (chain) => {
      const cid = await text(chain, 'a\n')
      return { shared: (files) => [...files, baseFile('vocab.txt', cid, 2)] }
    },
    link: 'file vocab.txt',
  },
  'weights that the lineage does not name': {
    lie: async (chain) => ({ weights: await importBytes(checkpointBytes(30, SMALL_LAYOUT), chain.store) }),
    link: 'weights',
  },
  'weights with one bit changed': {
    lie: async (chain) => {
      const weights = await oneBit(chain)
      return { lineage: (honest) => ({ ...honest, weights }) }
    },
    link: 'weights',
    foundAt: 'sample',
  },
  'weights that are those of one input': {
    lie: async (chain) => {
      const weights = await importBytes(checkpointBytes(4, SMALL_LAYOUT), chain.store)
      return { lineage: (honest) => ({ ...honest, weights }) }
    },
    link: 'weights',
    foundAt: 'sample',
  },
}

const clip = (fusion: Lineage['fusion'], norms: readonly number[]): Lineage['fusion'] => ({
  ...fusion,
  norms: norms.map(encodeNorm),
  factors: [...clipFactors(norms)],
})
/** A card that tells the same norms and factors, where it tells any: rows and counts are numbered by the inputs. */
function clippedCard(card: Uint8Array, { norms = [], factors = [] }: Lineage['fusion']): Uint8Array {
  let input = 0
  const text = new TextDecoder()
    .decode(card)
    .replaceAll(/\d+(?=\/65536 of)/g, (honest) => String(factors[input++] ?? honest))
    .replaceAll(/^\| (\d+) \| `[0-9a-f]{16}` \| \d+ \|$/gm, (honest, number: string) => {
      const [norm, factor] = [norms[Number(number) - 1], factors[Number(number) - 1]]
      return norm === undefined || factor === undefined ? honest : `| ${number} | \`${toHex(norm)}\` | ${factor} |`
    })
  return utf8(text)
}

const read = ({ norms = [] }: Lineage['fusion']) => norms.map((norm) => decodeNorm(norm) ?? 0)
type Clipping = (honest: Lineage['fusion']) => Lineage['fusion']

const CLIPPING: Readonly<Record<string, { readonly tell: Clipping; readonly foundAt?: 'sample' | 'full' }>> = {
  'a factor that the norms do not give': {
    tell: ({ factors = [], ...fusion }) => ({ ...fusion, factors: factors.map((factor) => Math.max(0, factor - 1)) }),
  },
  'a factor less': { tell: ({ factors = [], ...fusion }) => ({ ...fusion, factors: factors.slice(1) }) },
  'no factors': { tell: ({ factors: _, ...fusion }) => fusion },
  'no norms': { tell: ({ norms: _, ...fusion }) => fusion },
  'a norm that is infinite': { tell: (fusion) => ({ ...fusion, norms: read(fusion).map(() => encodeNorm(Infinity)) }) },
  'a norm that is -0': { tell: (fusion) => ({ ...fusion, norms: read(fusion).map(() => encodeNorm(-0)) }) },
  'a norm that is a bit off': {
    tell: (fusion) =>
      clip(
        fusion,
        read(fusion).map((norm, i) => (i === 1 ? norm * (1 + 2 ** -52) : norm)),
      ),
    foundAt: 'full',
  },
  'norms that clip an honest contributor': {
    tell: (fusion) =>
      clip(
        fusion,
        read(fusion).map((norm, i) => (i === 0 ? norm * 1e9 : norm)),
      ),
    foundAt: 'sample',
  },
}

/** Directories that nobody's software writes, by their nodes. */
const NODES: Readonly<
  Record<
    string,
    { readonly link: string; readonly make: (chain: TestChain) => Promise<{ cid: CID; block: Uint8Array }> }
  >
> = {
  'a directory with a name that no base has': {
    link: 'directory',
    make: async (chain) =>
      await directoryOf(chain, (links) => [...links, { Name: 'run.py', Tsize: 2, Hash: rawCid(utf8('a\n')) }]),
  },
  'a directory in another order': {
    link: 'directory',
    make: async (chain) => await directoryOf(chain, (links) => links.toReversed()),
  },
  'a directory with a mode': {
    link: 'directory',
    make: async (chain) => await directoryOf(chain, (links) => links, new UnixFS({ type: 'directory', mode: 0o700 })),
  },
  'a directory with other sizes': {
    link: 'directory',
    make: async (chain) =>
      await directoryOf(chain, (links) =>
        links.map((link) => (link.Name === 'config.json' ? { ...link, Tsize: link.Tsize + 1 } : link)),
      ),
  },
  'a directory without weights': {
    link: 'directory',
    make: async (chain) =>
      await directoryOf(chain, (links) => links.filter(({ Name }) => Name !== 'model.safetensors')),
  },
  'a directory without a lineage': {
    link: 'lineage',
    make: async (chain) => await directoryOf(chain, (links) => links.filter(({ Name }) => Name !== 'lineage.cbor')),
  },
  'a directory without a card': {
    link: 'card',
    make: async (chain) => await directoryOf(chain, (links) => links.filter(({ Name }) => Name !== 'README.md')),
  },
}

interface Link {
  readonly Name: string
  readonly Tsize: number
  readonly Hash: CID
}

async function directoryOf(
  { store, head }: TestChain,
  change: (links: readonly Link[]) => readonly Link[],
  data = new UnixFS({ type: 'directory' }),
): Promise<{ cid: CID; block: Uint8Array }> {
  const { files } = await openBase(head.base, store.get)
  const links = change(files.map(({ name, tsize, cid }) => ({ Name: name, Tsize: tsize, Hash: cid })))
  const block = writeNode(links, data)
  return { cid: dagPbCid(block), block }
}

/** dag-pb's own writer sorts links; this one does not. */
function writeNode(links: readonly Link[], data: UnixFS): Uint8Array {
  const parts = links.map((link) => encode({ Links: [link] }))
  return Uint8Array.from(Buffer.concat([...parts, encode({ Links: [], Data: data.marshal() })]))
}

/** The chain whose newest base is another directory, which the same quorum certified. */
export async function withBase(
  chain: TestChain,
  { cid, block }: { readonly cid: CID; readonly block: Uint8Array },
): Promise<TestChain> {
  const { round } = chain.head
  await chain.store.put(cid, block)
  const { isMember, quorum } = chain.head.regime.current
  const signers = chain.net.members.filter(({ publicKey }) => isMember(publicKey)).slice(0, quorum)
  const certificate = certify(precommitsBy(signers, { network: chain.network.id, round, view: 0, base: cid }), quorum)
  return { ...chain, entries: [...chain.entries.slice(0, -1), { round, base: cid, certificate }] }
}

/** The same with another lineage.cbor, whatever its bytes are. */
export async function withLineage(chain: TestChain, bytes: Uint8Array): Promise<TestChain> {
  const { files } = await openBase(chain.head.base, chain.store.get)
  const cid = rawCid(bytes)
  await chain.store.put(cid, bytes)
  const entries = files.map((file) => ({ name: file.name, cid: file.cid, bytes: file.tsize }))
  const replaced = entries.map((entry) =>
    entry.name === 'lineage.cbor' ? { ...entry, cid, bytes: bytes.length } : entry,
  )
  return await withBase(chain, encodeDirectory(replaced))
}

export async function* baseLies(chain: TestChain, card: Pick<Genesis, 'card'>): AsyncGenerator<ToldLie> {
  const options = { seeds: [4, 5] }
  for (const [name, { lie, link, foundAt = 'signatures' as const }] of Object.entries(FILES)) {
    yield { name, chain: await addRound(chain, { ...options, lie: await lie(chain) }), round: 2, link, foundAt }
  }
  const honest = await addRound(chain, options)
  for (const [name, { link, make }] of Object.entries(NODES)) {
    yield { name, chain: await withBase(honest, await make(honest)), round: 2, link, foundAt: 'signatures' }
  }
  const large = await startChain('two leaves', card)
  const weights = await oneBit(large)
  const lie: Lie = { lineage: (honest) => ({ ...honest, weights }) }
  const flipped = await addRound(large, { ...options, lie })
  yield { name: SECOND_LEAF, chain: flipped, round: 1, link: 'weights', foundAt: 'sample' }
  const trimmed = await startChain(
    'trimmed',
    { ...card, round: { minContributions: 3 }, fusion: { rule: 'trimmed-mean/1', params: { trim: 1 } } },
    SMALL_LAYOUT,
  )
  const few: Lie = { lineage: (honest) => ({ ...honest, inputs: honest.inputs.slice(1) }) }
  yield {
    name: 'too few inputs to trim',
    chain: await addRound(trimmed, { lie: few }),
    round: 1,
    link: 'lineage',
    foundAt: 'signatures',
  }
  const clipped = await startChain('clipped', { ...card, fusion: { rule: 'clipped-mean/1', params: {} } }, SMALL_LAYOUT)
  const honestly = await addRound(clipped, { seeds: [1, 20, 3] })
  const { fusion } = await readLineage(honestly.store, honestly.head.base)
  for (const [name, { tell, foundAt = 'signatures' as const }] of Object.entries(CLIPPING)) {
    const told = tell(fusion)
    const lie: Lie = { lineage: (lineage) => ({ ...lineage, fusion: told }), card: (card) => clippedCard(card, told) }
    yield { name, chain: await addRound(clipped, { seeds: [1, 20, 3], lie }), round: 1, link: 'lineage', foundAt }
  }
}
