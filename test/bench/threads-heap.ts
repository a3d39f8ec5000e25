import { setFlagsFromString } from 'node:v8'

// Loaded first by a process that is measured: its threads keep limits of their own, as node/coldmesh.js has it.
setFlagsFromString('--max-semi-space-size=0')
