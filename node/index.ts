// What the process offers to other programs: the command line's tables, and the control API with its client.

export { COMMANDS } from './commands.ts'
export { type ControlApi, type ControlApiOptions, startControlApi } from './control/api.ts'
export { type DaemonClient, findDaemon } from './control/client.ts'
export type { DaemonStatus } from './control/shapes.ts'
export { EXIT, EXIT_MEANINGS } from './exit-codes.ts'
export { OPTIONS } from './options.ts'
