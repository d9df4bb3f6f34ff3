import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/** What a number is worth nothing without. */
export interface Machine {
  cpu: string
  cores: number
  memoryGib: number
  system: string
  node: string
  v8: string
  sluice: string
  /** One-minute load when the run began: what others did at the time. */
  loadBefore: number
}

export function describeMachine(): Machine {
  const { version } = JSON.parse(
    readFileSync(new URL('../../packages/core/package.json', import.meta.url), 'utf8'),
  ) as {
    version: string
  }
  const all = cpus()
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    sluice: version,
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  }
}
