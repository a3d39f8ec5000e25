import { DEFAULT_MAX_STOP_MS, listenForInterrupt } from '../../../node/interrupt.ts'

// A process that hears that it should stop, and goes on: only a second signal ends it, or the time that is given in ms. Run by interrupt.test.ts.
const maxStopMs = Number(process.argv[2] ?? DEFAULT_MAX_STOP_MS)
const interrupt = listenForInterrupt((signal) => console.log(`stopping ${signal}`), { maxStopMs })
setInterval(() => console.log(interrupt.signal.aborted ? 'goes on' : 'works'), 100)
console.log('ready')
