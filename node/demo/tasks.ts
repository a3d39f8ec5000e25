import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { SHIPPED_TASKS } from '../package-root.ts'
import { UNSEEN_TASKS } from './settings.ts'

const shape = z.object({
  tasks: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      role: z.enum(['contributor', 'unseen']),
      columns: z.array(z.string()),
      license: z.string(),
    }),
  ),
})

export interface DemoTask {
  readonly name: string
  readonly title: string
  /** Somebody contributes with it; the others only judge. */
  readonly seen: boolean
  readonly hasPair: boolean
  /** Of its data: an SPDX expression. */
  readonly license: string
}

/** The shipped tasks: those that the peers contribute with, and some that nobody trains on. */
export function readDemoTasks(): { seen: readonly DemoTask[]; unseen: readonly DemoTask[] } {
  const { tasks } = shape.parse(JSON.parse(readFileSync(join(SHIPPED_TASKS, 'tasks.json'), 'utf8')))
  const all = tasks.map(({ name, title, role, columns, license }) => ({
    name,
    title,
    seen: role === 'contributor',
    hasPair: columns.includes('pair'),
    license,
  }))
  return { seen: all.filter(({ seen }) => seen), unseen: all.filter(({ seen }) => !seen).slice(0, UNSEEN_TASKS) }
}

export function taskFile({ name }: DemoTask, part: 'train' | 'validation' | 'test'): string {
  return join(SHIPPED_TASKS, name, `${part}.csv`)
}
