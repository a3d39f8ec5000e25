import { listenForInterrupt } from '../../../node/interrupt.ts'

// A process that hears that it should stop, and goes on: only a second signal ends it. Run by interrupt.test.ts.
const interrupt = listenForInterrupt((signal) => console.log(`stopping ${signal}`))
setInterval(() => console.log(interrupt.signal.aborted ? 'goes on' : 'works'), 100)
console.log('ready')
