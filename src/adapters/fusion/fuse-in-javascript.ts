import { fuseWindow } from '../../fusion/fuse.ts'
import { createSpanFuser } from '../../fusion/javascript.ts'
import type { ReadyRule } from '../../fusion/rule.ts'
import type { Job } from './job.ts'
import { readLeaf } from './read-files.ts'
import type { Range } from './scan.ts'

/** A leaf without kernels. @throws ColdmeshError as `fuseWindow` */
export function fuseInJavaScript({ layout, files }: Job, { offset, bytes }: Range, ready: ReadyRule): Uint8Array {
  const window = readLeaf(layout, files, offset, bytes)
  return fuseWindow(layout, window, { ready, fuse: createSpanFuser(ready, files.inputs.length) })
}
