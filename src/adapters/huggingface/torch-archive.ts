import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { ColdmeshError } from '../../ports/errors.ts'
import { type LooseTensor, SAVE_AS_SAFETENSORS, SOURCE_BYTES } from './loose-header.ts'
import { isGlobal, readPickle } from './pickle.ts'
import { type ReadableFile, readAt } from './read-at.ts'

/** The structure of a state dictionary; a large model's has a megabyte. */
const MAX_PICKLE_BYTES = 64 * 1_048_576
const MAX_ENTRIES = 10_000
const STORAGES: Readonly<Record<string, string>> = {
  'torch DoubleStorage': 'F64',
  'torch FloatStorage': 'F32',
  'torch BFloat16Storage': 'BF16',
  'torch HalfStorage': 'F16',
  'torch LongStorage': 'I64',
  'torch IntStorage': 'I32',
  'torch ShortStorage': 'I16',
  'torch CharStorage': 'I8',
  'torch ByteStorage': 'U8',
  'torch BoolStorage': 'BOOL',
}

interface Storage {
  readonly dtype: string
  readonly key: string
}

interface StoredTensor {
  readonly storage: Storage
  /** Elements. */
  readonly offset: number
  readonly shape: readonly number[]
}

/**
 * The tensors of a file that `torch.save` wrote for a state dictionary (PyTorch 1.6 or newer: a zip whose entries are not
 * compressed). Its pickle is read as data by an interpreter that knows tensors alone; nothing in it runs.
 * @throws ColdmeshError `unsupported` for anything else in the pickle, `bad-checkpoint`
 */
export async function readTorchArchive(file: ReadableFile, path: string): Promise<LooseTensor[]> {
  const entries = await listEntries(file, path)
  const pickle = [...entries].find(([name]) => name.endsWith('/data.pkl'))
  if (pickle === undefined) throw bad(path, 'has no data.pkl: torch.save did not write it')
  const [name, place] = pickle
  if (place.bytes > MAX_PICKLE_BYTES) throw bad(path, `has a data.pkl of ${place.bytes} bytes`)
  const folder = name.slice(0, -'data.pkl'.length)
  const order = entries.get(`${folder}byteorder`)
  if (order !== undefined && Buffer.from(await readAt(file, order.begin, order.bytes)).toString() !== 'little') {
    throw bad(path, 'was written on a big-endian machine')
  }
  const state = readPickle(await readAt(file, place.begin, place.bytes), {
    functions: {
      'collections OrderedDict': () => new Map(),
      'torch._utils _rebuild_tensor_v2': rebuildTensor,
      'torch._utils _rebuild_parameter': ([tensor]) => tensor,
    },
    constants: Object.keys(STORAGES),
    persistent: openStorage,
  })
  if (!(state instanceof Map)) throw bad(path, 'holds no state dictionary')
  return [...state].flatMap(([tensor, stored]) => {
    if (typeof tensor !== 'string' || !isStored(stored)) throw bad(path, 'holds more than named tensors')
    const data = entries.get(`${folder}data/${stored.storage.key}`)
    return placeTensor(tensor, stored, data, path)
  })
}

interface Place {
  readonly begin: number
  readonly bytes: number
}

/** Where each entry's bytes lie in the file. */
async function listEntries(file: ReadableFile, path: string): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>()
  let archive: ZipFile | undefined
  try {
    archive = await fromFdPromise(file.fd, { autoClose: false, lazyEntries: true })
    if (archive.entryCount > MAX_ENTRIES) throw bad(path, `has ${archive.entryCount} entries`)
    for await (const entry of archive.eachEntry()) {
      requireStored(entry, path)
      const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true })
      places.set(entry.fileName, { begin: fileDataStart, bytes: entry.uncompressedSize })
    }
  } catch (error) {
    if (error instanceof ColdmeshError) throw error
    throw bad(path, 'is a damaged zip archive', error)
  }
  return places
}

function requireStored(entry: Entry, path: string): void {
  const isPlain = entry.compressionMethod === 0 && !entry.isEncrypted()
  if (!isPlain || entry.compressedSize !== entry.uncompressedSize)
    throw bad(path, 'has compressed or encrypted entries')
}

/** ('storage', storage type, key, device, elements) */
function openStorage(id: unknown): Storage {
  const [kind, type, key] = Array.isArray(id) ? id : []
  const dtype = isGlobal(type) ? STORAGES[type.global] : undefined
  if (kind === 'storage' && dtype !== undefined && typeof key === 'string') return { dtype, key }
  throw notTensors('refers to something that is no storage of tensors')
}

/** (storage, offset, size, stride, requires_grad, hooks) */
function rebuildTensor([storage, offset, size, stride]: readonly unknown[]): StoredTensor {
  if (!isStorage(storage) || !isSize(offset) || !isSizes(size) || !isSizes(stride) || size.length !== stride.length) {
    throw notTensors('has a tensor that is none')
  }
  let step = 1
  for (let axis = size.length - 1; axis >= 0; axis--) {
    const length = size[axis] ?? 0
    if (length > 1 && stride[axis] !== step) throw notTensors('has a tensor whose elements are not in order')
    step *= length
  }
  return { storage, offset, shape: size }
}

function placeTensor(name: string, { storage, offset, shape }: StoredTensor, data: Place | undefined, path: string) {
  const size = SOURCE_BYTES[storage.dtype]
  // a type that is not imported: an error only if the encoder has it
  if (size === undefined) return [{ name, dtype: storage.dtype, shape, begin: 0, end: 0 }]
  const bytes = shape.reduce((product, length) => product * length, size)
  const begin = (data?.begin ?? 0) + offset * size
  if (data === undefined || !Number.isSafeInteger(bytes) || begin + bytes > data.begin + data.bytes) {
    throw bad(path, `has no bytes for tensor ${JSON.stringify(name.slice(0, 80))}`)
  }
  return [{ name, dtype: storage.dtype, shape, begin, end: begin + bytes }]
}

function isStorage(value: unknown): value is Storage {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'key' in value
}

function isStored(value: unknown): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'storage' in value && isStorage(value.storage)
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value >= 0
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize)
}

function notTensors(what: string): ColdmeshError {
  return new ColdmeshError('unsupported', `The pickle ${what}.`, { hint: SAVE_AS_SAFETENSORS })
}

function bad(path: string, what: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${path} ${what}.`, { cause, hint: SAVE_AS_SAFETENSORS })
}
