import type { SluiceOptions } from '@sluice/core'

import { createVirtualRuntime, drainMicrotasks, type VirtualRuntime } from '../../../testing/src/index.ts'
import { type Ask, CHAT, createRig, createScript, type Rig, type RigOptions, type Script } from './rig.ts'

/** A line of a long-poll: an event or a notice. */
export interface Line {
  type: string
  cursor?: string
  text?: string
  code?: string
  reason?: string
}

/** What one poll was answered. */
export interface Polled {
  status: number
  headers: Headers
  lines: Line[]
  /** Where the next one goes on. */
  cursor: string | null
}

/** Reads the answer to a poll: every line is whole, and has its cursor if it is an event. */
export async function polledOf(response: Response): Promise<Polled> {
  const { status, headers } = response
  const body = await response.text()
  if (status !== 200) return { status, headers, lines: [], cursor: null }
  if (body !== '' && !body.endsWith('\n')) throw new Error(`the last line is cut: ${body.slice(-100)}`)
  const lines = body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  return { status, headers, lines, cursor: headers.get('sluice-cursor') }
}

/** Polls a stream once. */
export async function poll(
  { ask }: Pick<Rig, 'ask'>,
  ref: string,
  { wait, query = '', ...asked }: Ask & { wait?: number | string; query?: string } = {},
): Promise<Polled> {
  const prefer: Record<string, string> = wait === undefined ? {} : { prefer: `wait=${wait}` }
  const headers = { accept: 'application/x-ndjson', ...prefer, ...asked.headers }
  return polledOf(await ask('GET', `/streams/${ref}${query}`, { ...asked, headers }))
}

/** The text of choice 0 in lines. */
export function lineTextOf({ lines }: Pick<Polled, 'lines'>): string {
  return lines.map(({ type, text }) => (type === 'text' ? text : '')).join('')
}

/** A stream on a virtual clock, and who asks for it. */
export interface PolledWorld extends Rig {
  readonly runtime: VirtualRuntime
  readonly script: Script
  readonly id: string
}

/** A stream that runs and has said nothing yet. */
export async function arrangePolled(sluice: SluiceOptions = {}, options: RigOptions = {}): Promise<PolledWorld> {
  const runtime = createVirtualRuntime()
  const script = createScript()
  script.open()
  const rig = createRig(script.source, { ...options, sluice: { runtime, ...sluice } })
  const started = await rig.ask('POST', '/streams', { json: { ...CHAT, background: true } })
  const { id } = (await started.json()) as { id: string }
  return { ...rig, runtime, script, id }
}

/** Whether a promise has settled, once all that can happen now has happened. */
export async function isSettled({ runtime }: PolledWorld, promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await runtime.flush()
  await drainMicrotasks()
  return settled
}
