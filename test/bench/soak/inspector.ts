/** A process that listens for a debugger, asked about its memory: nothing of this is in the product. */
export interface Inspector extends Disposable {
  /** Collects garbage, then counts. Takes seconds. */
  census(): Promise<Census>
}

export interface Census {
  readonly heapBytes: number
  /** Buffers outside of the heap. */
  readonly bufferBytes: number
  /** Sockets, timers and the like that keep the process alive. */
  readonly handles: number
  /** Listeners on all event targets (abort signals) and emitters that are alive. */
  readonly listeners: number
  readonly maps: number
  readonly sets: number
  readonly signals: number
  readonly promises: number
}

const ANSWER_WITHIN_MS = 60_000

/** Runs in the process, over every object that is alive. */
const COUNT = `function () {
  const { getEventListeners, EventEmitter } = process.getBuiltinModule('node:events')
  const count = { maps: 0, sets: 0, signals: 0, promises: 0, listeners: 0 }
  const types = ['abort', 'message', 'close', 'error', 'drain', 'remoteCloseWrite']
  for (const each of this) {
    try {
      const kind = Object.getPrototypeOf(each)
      if (typeof each === 'function' || kind === Object.prototype || kind === Array.prototype) continue
      if (each instanceof Map) count.maps++
      else if (each instanceof Set) count.sets++
      else if (each instanceof Promise) count.promises++
      else if (each instanceof EventTarget) {
        if (each instanceof AbortSignal) count.signals++
        for (const type of types) count.listeners += getEventListeners(each, type).length
      } else if (each instanceof EventEmitter) for (const type of each.eventNames()) count.listeners += each.listenerCount(type)
    } catch {}
  }
  return count
}`

const MEMORY = `({ ...process.memoryUsage(), handles: process.getActiveResourcesInfo().length })`

type Answer = Readonly<Record<string, unknown>>

/** @param url as a process with --inspect prints it */
export async function connectInspector(url: string): Promise<Inspector> {
  const socket = new WebSocket(url)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error(`no debugger at ${url}`)), { once: true })
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  socket.addEventListener('message', ({ data }) => {
    const answer: Answer = JSON.parse(String(data))
    waiting.get(Number(answer['id']))?.(answer)
    waiting.delete(Number(answer['id']))
  })

  async function ask(method: string, params: object = {}): Promise<Answer> {
    const id = ++last
    const answered = new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), ANSWER_WITHIN_MS)
      waiting.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
    })
    socket.send(JSON.stringify({ id, method, params }))
    return field(await answered, 'result')
  }

  async function countObjects(): Promise<Answer> {
    const objectGroup = 'census'
    const everything = await ask('Runtime.evaluate', { expression: 'Object.prototype', objectGroup })
    const prototypeObjectId = field(everything, 'result')['objectId']
    const { objectId } = field(await ask('Runtime.queryObjects', { prototypeObjectId, objectGroup }), 'objects')
    try {
      const call = { objectId, functionDeclaration: COUNT, returnByValue: true }
      return field(field(await ask('Runtime.callFunctionOn', call), 'result'), 'value')
    } finally {
      await ask('Runtime.releaseObjectGroup', { objectGroup })
    }
  }

  return {
    census: async () => {
      const { maps, sets, signals, promises, listeners } = await countObjects()
      await ask('HeapProfiler.collectGarbage')
      const evaluated = await ask('Runtime.evaluate', { expression: MEMORY, returnByValue: true })
      const { heapUsed, arrayBuffers, handles } = field(field(evaluated, 'result'), 'value')
      return {
        heapBytes: Number(heapUsed),
        bufferBytes: Number(arrayBuffers),
        handles: Number(handles),
        listeners: Number(listeners),
        maps: Number(maps),
        sets: Number(sets),
        signals: Number(signals),
        promises: Number(promises),
      }
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

function field(value: Answer, name: string): Answer {
  const found = value[name]
  if (typeof found !== 'object' || found === null) throw new Error(`${name} is missing in ${JSON.stringify(value)}`)
  return { ...found }
}
