import { initDataDir } from 'coldmesh/history'
import type { Run } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { dirOf } from './data-dir.ts'

export const runInit: Run<'dir' | 'name'> = async ({ options, output }) => {
  const dir = dirOf(options)
  const { key, created } = await initDataDir(dir, options.name === undefined ? {} : { name: options.name })
  output.result({ dir, key, created }, () =>
    [
      created ? `created ${dir}` : `${dir} was there already; nothing changed`,
      `public key: ${output.colors.bold(key)}`,
      'back up DIR/key: whoever has it is this peer',
    ].join('\n'),
  )
  return EXIT.done
}
