/**
 * Kills this process (SIGKILL) when COLDMESH_CRASH_AT names the point: how tests crash a daemon at a chosen step.
 * Points are `before-journal:KIND`, `after-journal:KIND` and `after-send:KIND`, KIND being list, proposal, prevote or precommit.
 */
export function crashPoint(stage: 'before-journal' | 'after-journal' | 'after-send', kind: string): void {
  const wanted = process.env['COLDMESH_CRASH_AT']
  if (wanted === `${stage}:${kind.replace(/\/\d+$/, '')}`) process.kill(process.pid, 'SIGKILL')
}
