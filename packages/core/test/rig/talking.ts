import type { EndEvent, Sluice, SluiceOptions, TokenStream } from '@sluice/core'
import type { DeliverOptions } from '@sluice/core/extend'
import { createRig, createScriptedSource, plainWire, type VirtualRuntime } from './core-rig.ts'

export const NO_DEADLINES = { firstTokenMs: false, idleMs: false, totalMs: false } as const

/** A stream that says `Hello` and then nothing. */
export async function startTalking(options: SluiceOptions = {}): Promise<{
  runtime: VirtualRuntime
  sluice: Sluice
  stream: TokenStream
  detached: { outcome: string; readers: number }[]
  ended: () => EndEvent | undefined
}> {
  const detached: { outcome: string; readers: number }[] = []
  let end: EndEvent | undefined
  const observer = {
    detached: (_: unknown, info: { outcome: string; readers: number }) => void detached.push(info),
    ended: (_: unknown, info: { end: EndEvent }) => void (end = info.end),
  }
  const rig = createRig({ observers: [observer], ...options })
  const { source } = createScriptedSource([{ yield: 'Hello' }, { hang: true }], { runtime: rig.runtime })
  const stream = await rig.sluice.start(source, { as: 'server', deadlines: NO_DEADLINES })
  return { ...rig, stream, detached, ended: () => end }
}

/** How a page reads: it comes back by itself. */
export const page = (options: Partial<DeliverOptions> = {}): DeliverOptions => ({
  wire: plainWire,
  rotates: true,
  heartbeatMs: false,
  ...options,
})
