/**
 * Loaded into a daemon before anything else (--import): it dials from an address of its own, and its wall clock can be set.
 * Timers and performance.now() stay as they are, as they do when a system's clock jumps. COLDMESH_TEST_WORLD has the plan.
 */
import fs from 'node:fs'
import net from 'node:net'
import { isMainThread } from 'node:worker_threads'
import type { WorldPlan } from './plan.ts'

const text = process.env['COLDMESH_TEST_WORLD']
if (isMainThread && text !== undefined) {
  const plan: WorldPlan = JSON.parse(text)
  dialFrom(plan.source)
  followClock(plan.clock)
}

function dialFrom(localAddress: string): void {
  const { connect } = net
  Reflect.set(net, 'connect', (...[options, ...rest]: unknown[]) => {
    const isLoopback =
      typeof options === 'object' && options !== null && 'host' in options && String(options.host).startsWith('127.')
    return Reflect.apply(connect, net, [isLoopback ? { ...options, localAddress } : options, ...rest])
  })
}

function followClock(path: string): void {
  const { now } = Date
  let wrongMs = 0
  const read = () => {
    const value = fs.readFileSync(path, 'utf8')
    if (value === '' || Number(value) === wrongMs) return
    wrongMs = Number(value)
    fs.writeSync(1, `${JSON.stringify({ event: 'clock-jumped', wrongMs, at: new Date().toISOString() })}\n`)
  }
  Reflect.set(Date, 'now', () => now() + wrongMs)
  const real = Date
  Reflect.set(
    globalThis,
    'Date',
    new Proxy(real, {
      construct: (target, args, asked) => Reflect.construct(target, args.length === 0 ? [target.now()] : args, asked),
    }),
  )
  read()
  fs.watch(path, { persistent: false }, read)
}
